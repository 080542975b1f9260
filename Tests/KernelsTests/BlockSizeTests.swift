import Kernels
import Testing
import Torch

@Suite struct BlockSizeTests {
  @Test(arguments: [DType.float32, .bfloat16], [1, 64, 3000, 100_000])
  func `a block takes at most a quarter of the free memory`(dtype: DType, rowCount: Int) {
    for free in [1 << 30, 80 << 30] {
      let width = BlockSize.labels(rowCount: rowCount, freeBytes: free, dtype: dtype)
      #expect(width % 64 == 0)
      #expect(width == 256 || width * rowCount * 2 * dtype.byteCount <= free / 4)
      // At least an eighth of the quarter, for intermediates at most.
      #expect((width + 64) * rowCount * 16 >= free / 4)
    }
    #expect(BlockSize.labels(rowCount: rowCount, freeBytes: 0, dtype: dtype) == 256)
  }
}

import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// The kernels of the interface library against Foundation's functions, and against their
/// compositions of libtorch's operators.
@Suite struct KernelTests {
  /// Widths around the 16, 32 and 64 elements that the kernels take at a time.
  static let widths = [1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130]

  private func matrix(_ rows: Int, _ width: Int, in range: ClosedRange<Double>) -> Tensor {
    var random = SplitMix64(UInt64(width))
    return Tensor(random.doubles(rows * width, in: range), shape: [rows, width])
      .converted(to: .float32)
  }

  @Test(arguments: widths) func `exponentials have a small relative error`(width: Int) {
    let scores = matrix(3, width, in: -87...80)
    let result = Tensor.zeros([3, width])
    scores.writeExponentials(shift: .zeros([3]), scale: .ones([3]), to: result)
    for (x, y) in zip(scores.doubles(), result.doubles()) {
      #expect(abs(y / Foundation.exp(x) - 1) < 2e-7, "exp(\(x)) = \(y)")
    }
  }

  @Test func `exponentials handle extreme scores`() {
    let scores = Tensor(rows: [[Float](arrayLiteral: -.infinity, -1000, -88, 0, .nan)])
    scores.writeExponentials(shift: .zeros([1]), scale: .ones([1]), to: scores)
    let found = scores.doubles()
    #expect(found[0..<4].elementsEqual([0, 0, 0, 1]))
    #expect(found[4].isNaN)
  }

  @Test func `applies shift and scale per row`() {
    let scores = matrix(2, 20, in: -3...3)
    let shift = Tensor([Float(1), -2])
    let scale = Tensor([Float(0.5), -3])
    let single = Tensor.zeros([2, 20])
    let double = Tensor.zeros([2, 20], dtype: .float64)
    scores.writeExponentials(shift: shift, scale: scale, to: single)
    scores.converted(to: .float64).writeExponentials(
      shift: shift.converted(to: .float64), scale: scale.converted(to: .float64), to: double)
    expectClose(single.doubles(), double.doubles(), tolerance: 1e-6)
  }

  @Test(arguments: widths) func `sigmoid and softplus match their definitions`(width: Int) {
    let scores = matrix(2, width, in: -30...30)
    let result = Tensor.zeros([2, width])
    scores.writeSigmoids(scale: 0.5, to: result)
    expectClose(
      result.doubles(), scores.doubles().map { 0.5 / (1 + Foundation.exp(-$0)) }, tolerance: 1e-6)
    let sums = Tensor([10.0, 20])
    scores.addSoftplusRowSums(to: sums)
    let exact = scores.doubles().map { max($0, 0) + log1p(Foundation.exp(-abs($0))) }
    expectClose(
      sums.doubles(),
      [10 + exact[..<width].reduce(0, +), 20 + exact[width...].reduce(0, +)], tolerance: 1e-6)
  }

  @Test(arguments: [DType.float32, .float64]) func `softplus of hidden scores is 0`(dtype: DType) {
    let sums = Tensor([0.0])
    Tensor.full([1, 20], -.infinity, dtype: dtype).addSoftplusRowSums(to: sums)
    #expect(sums.scalar == 0)
  }

  @Test(arguments: widths) func `the running log-sum-exp equals the full one`(width: Int) {
    let scores = matrix(4, width + 40, in: -50...50)
    let expected = scores.converted(to: .float64).logSumExp(along: 1)
    for dtype in [DType.float32, .float64] {
      let running = RunningLogSumExp(count: 4, dtype: dtype, device: .cpu)
      for range in [0..<width, width..<width + 7, width + 7..<width + 40] {
        running.add(scores.slice(range, along: 1).converted(to: dtype))
      }
      expectClose(running.value, expected, tolerance: 1e-6, "\(dtype)")
    }
  }

  @Test(arguments: [DType.float32, .float64])
  func `the running log-sum-exp handles −∞ and NaN`(dtype: DType) {
    let running = RunningLogSumExp(count: 3, dtype: dtype, device: .cpu)
    #expect(running.value.doubles() == [-.infinity, -.infinity, -.infinity])
    let scores = Tensor(rows: [
      [-Double.infinity, -.infinity], [-.infinity, 5], [.nan, -.infinity],
    ]).converted(to: dtype)
    running.add(scores)
    running.add(.full([3, 1], -.infinity, dtype: dtype))
    let found = running.value.doubles()
    #expect(found[0] == -.infinity)
    #expect(found[1] == 5)
    #expect(found[2].isNaN)
    #expect(running.shift.doubles()[0] == 0)
  }

  @Test(arguments: [DType.float32, .float64], [1, 5, 16, 50])
  func `the product with a transpose agrees with matmul`(dtype: DType, size: Int) {
    let left = matrix(size, 24, in: -1...1).converted(to: dtype)
    let right = matrix(size + 20, 24, in: -1...1).converted(to: dtype)
    let bias = Tensor.range(0..<size + 20).converted(to: dtype)
    let expected = left.matmul(right.transposed())
    expectClose(left.productWithTransposed(right), expected, tolerance: 1e-6)
    expectClose(
      left.productWithTransposed(right, bias: bias), expected + bias, tolerance: 1e-6)
    // Either side may be a view with other strides.
    let wide = right.transposed().contiguous().transposed()
    expectClose(left.productWithTransposed(wide), expected, tolerance: 1e-6)
    let tall = left.transposed().contiguous().transposed()
    expectClose(tall.productWithTransposed(right), expected, tolerance: 1e-6)
  }

  @Test func `rejects a product of mismatched matrices`() {
    #expect(throws: TorchError.self) {
      try checked { Tensor.zeros([20, 30]).productWithTransposed(.zeros([20, 31])) }
    }
  }

  @Test func `replaces elements by position`() {
    let matrix = Tensor.zeros([2, 3])
    matrix.setElementsInPlace(at: Tensor([1, 5]), to: Tensor([Float(7), 8]))
    matrix.setElementsInPlace(at: Tensor([3]), to: -.infinity)
    #expect(matrix.doubles() == [0, 7, 0, -.infinity, 0, 8])
  }
}

import Synchronization
package import Torch

/// The number of scores in memory at a time: the one rule for everything that works in blocks.
package enum BlockSize {
  /// Bytes that a CUDA device had free when it was first asked: later libtorch keeps them.
  private static let firstFreeBytes = Mutex<[Device: Int]>([:])

  /// Scores of a block that is one matrix, rewritten in place: 4 MB in float32, so that it stays in
  /// the cache between the products.
  package static let scores = 1 << 20
  /// Scores of a block from which other matrices are derived: 2 MB each in float64.
  package static let derivedScores = 1 << 18

  /// Scores that are kept between the passes of a loss: 1 MB in float32, with as much for their gradient.
  package static let keptScores = 1 << 18

  /// The labels per block of scores of `rowCount` queries, for a block that is rewritten in place.
  ///
  /// On CUDA a quarter of the free memory is for a block and what is derived from it, so that there are
  /// few blocks; elsewhere a block stays in the cache.
  ///
  /// - Parameter model: a tensor of the scores' dtype and device.
  static func labels(rowCount: Int, like model: Tensor) -> Int {
    guard let free = freeBytes(of: model.device) else { return max(256, scores / max(1, rowCount)) }
    return labels(rowCount: rowCount, freeBytes: free, dtype: model.dtype)
  }

  /// The same for a device with `freeBytes`.
  package static func labels(rowCount: Int, freeBytes: Int, dtype: DType) -> Int {
    // A second block for gradients, or intermediates in float32 where they are composed.
    let bytes = FusedKernels.reason == nil ? 2 * dtype.byteCount : 4 * dtype.accumulator.byteCount
    let width = freeBytes / 4 / bytes / max(1, rowCount)
    // Rows that begin at multiples of 64 scores are read 16 bytes at a time.
    return max(256, width / 64 * 64)
  }

  private static func freeBytes(of device: Device) -> Int? {
    guard device.kind == .cuda else { return nil }
    return firstFreeBytes.withLock { known in
      if let bytes = known[device] { return bytes }
      known[device] = Runtime.cudaMemory(of: device)?.free
      return known[device]
    }
  }

  /// The number of rows per block.
  ///
  /// - Parameters:
  ///   - given: the answer, if the caller knows it.
  ///   - columns: the number of scores in a row.
  ///   - scores: the number of scores in a block.
  /// - Precondition: `given` is positive.
  package static func rows(_ given: Int?, columns: Int, scores: Int = derivedScores) -> Int {
    let size = given ?? max(1, scores / max(1, columns))
    precondition(size > 0, "the block size \(size) is not positive")
    return size
  }
}

extension Range<Int> {
  /// Consecutive ranges of `size` numbers, the last one shorter where they do not divide evenly.
  package func blocks(of size: Int) -> [Range<Int>] {
    stride(from: lowerBound, to: upperBound, by: size).map {
      $0..<Swift.min($0 + size, upperBound)
    }
  }
}

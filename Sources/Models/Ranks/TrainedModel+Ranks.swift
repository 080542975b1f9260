import Storage
package import Torch

extension TrainedModel {
  /// The embeddings of a block of texts for each rank, in the order of the blocks, `[Σ texts, D]`; each
  /// rank computes its own.
  ///
  /// - Parameters:
  ///   - blocks: at most one for each rank, the same on all.
  ///   - group: the processes; nil for one.
  /// - Throws: as `embeddings(of:)`; `TorchError` of kind `collective`.
  package func embeddings(
    of blocks: [some RandomAccessCollection<String>], among group: ProcessGroup?
  ) throws -> Tensor {
    let rank = group?.rank ?? 0
    let current =
      rank < blocks.count ? try embeddings(of: Array(blocks[rank])) : .zeros([0, dimension])
    guard let group else { return current }
    let counts = (0..<group.size).map { $0 < blocks.count ? blocks[$0].count : 0 }
    return try checked { group.gathered(rows: current, counts: counts) }
  }
}

package import Torch

/// One update of a modern Hopfield network: softmax(β R Xᵀ) X, each row scaled to unit length.
///
/// Scores are computed for one block of states at a time, and again in the backward pass: O(N · D)
/// memory in addition to the block. Differentiable once.
///
/// - Parameters:
///   - states: R, `[N, D]`, not normalised here.
///   - stored: X, `[M, D]`, not normalised here.
///   - sharpness: β.
///   - blockSize: states per block; nil chooses by `BlockSize`.
/// - Throws: `TorchError` if libtorch fails.
package func hopfieldUpdate(
  of states: Tensor, stored: Tensor, sharpness: Double, blockSize: Int? = nil
) throws -> Tensor {
  let blocks = (0..<states.size(along: 0)).blocks(
    of: BlockSize.rows(blockSize, columns: stored.size(along: 0)))
  func shares(of some: Tensor, among stored: Tensor) -> Tensor {
    (some * sharpness).productWithTransposed(stored).softmax(along: 1)
  }
  let function = CustomFunction<Void>("HopfieldUpdate") { inputs in
    let result = Tensor.zeros(like: inputs[0])
    for rows in blocks {
      result[rows].copyInPlace(
        from: shares(of: inputs[0][rows], among: inputs[1]).matmul(inputs[1]))
    }
    return ([result], ())
  } backward: { context, upstream in
    let (states, stored) = (context.inputs[0], context.inputs[1])
    guard let upstream = upstream[0] else { return [nil, nil] }
    let ofStates = Tensor.zeros(like: states)
    let ofStored = Tensor.zeros(like: stored)
    for rows in blocks {
      let some = shares(of: states[rows], among: stored)
      // The gradient of a softmax: each probability times its gradient minus their mean.
      let above = upstream[rows].contiguous().productWithTransposed(stored)
      let inner = (above - (above * some).sum(along: 1, keepingDimensions: true)) * some * sharpness
      ofStates[rows].copyInPlace(from: inner.matmul(stored))
      ofStored.addInPlace(
        inner.transposed().matmul(states[rows]) + some.transposed().matmul(upstream[rows]))
    }
    return [ofStates, ofStored]
  }
  return try function(states, stored)[0].normalized()
}

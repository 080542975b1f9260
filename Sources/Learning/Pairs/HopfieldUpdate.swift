internal import Torch

/// One update of a modern Hopfield network: softmax(β R Xᵀ) X, each row scaled to unit length.
///
/// The scores of some states with all patterns are held at a time, and are made again for the
/// gradient: O(N · D) memory beside the block. Differentiable once.
///
/// - Parameters:
///   - states: R, `[N, D]`, as they are.
///   - stored: X, `[M, D]`, as they are.
///   - sharpness: β.
///   - blockSize: states at a time; nil is as many as `RowBlocks` compares.
/// - Throws: `TorchError` when libtorch refuses.
func hopfieldUpdate(
  of states: Tensor, stored: Tensor, sharpness: Double, blockSize: Int? = nil
) throws -> Tensor {
  let size = blockSize ?? max(1, RowBlocks.comparisons / max(1, stored.size(along: 0)))
  func blocks(of states: Tensor, _ body: (Range<Int>) -> Void) {
    let count = states.size(along: 0)
    for start in stride(from: 0, to: count, by: size) { body(start..<min(start + size, count)) }
  }
  func shares(of some: Tensor, among stored: Tensor) -> Tensor {
    (some * sharpness).productWithTransposed(stored).softmax(along: 1)
  }
  let function = CustomFunction<Void>("HopfieldUpdate") { inputs in
    let result = Tensor.zeros(like: inputs[0])
    blocks(of: inputs[0]) { rows in
      result[rows].copyInPlace(
        from: shares(of: inputs[0][rows], among: inputs[1]).matmul(inputs[1]))
    }
    return ([result], ())
  } backward: { context, given in
    let (states, stored) = (context.inputs[0], context.inputs[1])
    guard let slope = given[0] else { return [nil, nil] }
    let ofStates = Tensor.zeros(like: states)
    var ofStored = Tensor.zeros(like: stored)
    blocks(of: states) { rows in
      let some = shares(of: states[rows], among: stored)
      // The slope of a softmax: each share times how far its slope is above their mean.
      let above = slope[rows].contiguous().productWithTransposed(stored)
      let inner = (above - (above * some).sum(along: 1, keepingDimensions: true)) * some * sharpness
      ofStates[rows].copyInPlace(from: inner.matmul(stored))
      ofStored += inner.transposed().matmul(states[rows]) + some.transposed().matmul(slope[rows])
    }
    return [ofStates, ofStored]
  }
  return try function(states, stored)[0].normalized()
}

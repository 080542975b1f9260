import Extreme
import Torch

/// The vectors of a step's texts, each encoded by one of several processes.
///
/// The loss leaves the same gradient at all vectors on every process. Each propagates that of its
/// texts through the transformer, and the sum over the processes is the gradient of one process.
struct JoinedVectors {
  /// `[texts, W]`; receives the gradient.
  let all: Tensor
  /// This process's rows, with their graph; nil for none.
  let current: Tensor?
  /// Their places.
  let range: Range<Int>

  /// Propagates this process's part of the gradient.
  ///
  /// - Parameter pass: the pass that has made the rows.
  func propagate(to pass: TransformerTower.Pass?) throws {
    guard let current, let gradient = all.gradient else { return }
    try current.backward(gradient[range].contiguous())
    try pass?.backward()
  }
}

extension ProcessGroup {
  /// Replaces the gradients of some parameters by the sums over all ranks.
  ///
  /// A parameter without a gradient on any rank stays without one.
  func sumGradients(of parameters: [Tensor]) throws {
    guard !parameters.isEmpty else { return }
    let have = Tensor(parameters.map { $0.gradient == nil ? 0.0 : 1.0 })
    maximum(have)
    try throwRefusal()
    for (parameter, isThere) in zip(parameters, have.doubles()) where isThere > 0 {
      let sum = parameter.gradient?.contiguous() ?? Tensor.zeros(like: parameter)
      self.sum(sum)
      parameter.gradient = sum
    }
  }
}

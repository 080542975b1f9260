import Storage

/// Updates parameters from their gradients.
///
/// An optimiser holds references to its parameters and updates them in place. It keeps `state`
/// between steps, which a checkpoint stores.
public protocol Optimizer: AnyObject {
  /// The learning rate; a schedule sets it before each step.
  var learningRate: Double { get set }

  /// Updates every parameter that has a gradient.
  ///
  /// - Throws: `TorchError` when a libtorch operator fails.
  func step() throws

  /// Clears the gradients of all parameters.
  func clearGradients()

  /// The state between steps: "step" and, for the i-th parameter, names such as "first.i".
  ///
  /// The optimiser goes on updating these tensors: copy them to keep a snapshot.
  var state: [String: Tensor] { get }

  /// Restores a state that `state` returned.
  ///
  /// - Throws: `ValueError` when names, shapes or dtypes differ from this optimiser's; nothing is
  ///   changed then.
  func restore(_ state: [String: Tensor]) throws
}

/// Overwrites the tensors of `current` with those of the same name in `state`.
///
/// - Throws: `ValueError` when the names, shapes or dtypes differ; nothing is changed then.
func restoreInPlace(
  _ current: [String: Tensor], from state: [String: Tensor], of subject: String = "optimizer state"
) throws {
  func refusal(_ reason: String, _ expected: String) -> ValueError {
    ValueError(subject, reason: reason, expected: expected)
  }
  if let missing = current.keys.sorted().first(where: { state[$0] == nil }) {
    throw refusal("there is no \"\(missing)\"", "\(current.count) tensors")
  }
  if let surplus = state.keys.sorted().first(where: { current[$0] == nil }) {
    throw refusal("there is an unknown \"\(surplus)\"", "\(current.count) tensors")
  }
  for (name, target) in current.sorted(by: { $0.key < $1.key }) {
    guard let source = state[name] else { continue }
    guard source.shape == target.shape, source.dtype == target.dtype else {
      throw refusal(
        "\"\(name)\" is \(source.dtype) of shape \(source.shape)",
        "\(target.dtype) of shape \(target.shape)")
    }
  }
  withoutGradients {
    for (name, target) in current {
      if let source = state[name] { target.copyInPlace(from: source) }
    }
  }
}

/// Clears the gradients of `parameters`.
func forgetGradients(of parameters: [Tensor]) {
  for parameter in parameters { parameter.gradient = nil }
}

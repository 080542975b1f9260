internal import CTorch

extension Tensor {
  /// Whether operations on this tensor are recorded so that gradients can flow back to it.
  public var requiresGradient: Bool { ask(ct_tensor_requires_gradient) != 0 }

  /// The same elements as a new leaf of the gradient graph: a parameter.
  public func requiringGradient(_ on: Bool = true) -> Tensor {
    let leaf = detached()
    let code = leaf.ask { ct_tensor_set_requires_gradient($0, on ? 1 : 0) }
    if code != 0 { refuse(TorchError.last(code)) }
    return leaf
  }

  /// The gradient that `backward()` has accumulated here; nil if none has arrived.
  public var gradient: Tensor? {
    get {
      var result: ct_tensor?
      let code = ask { ct_tensor_gradient($0, &result) }
      if code != 0 { refuse(TorchError.last(code)) }
      return result.map { Tensor(owned: $0) }
    }
    nonmutating set {
      let code = withExtendedLifetime(newValue) {
        ask { ct_tensor_set_gradient($0, newValue?.pointer) }
      }
      if code != 0 { refuse(TorchError.last(code)) }
    }
  }

  /// Adds the gradient of this value to `gradient` of every tensor that it was computed from.
  ///
  /// - Parameters:
  ///   - gradient: the incoming gradient, of this tensor's shape; nil means 1 and requires a single
  ///     element.
  ///   - retainingGraph: keeps the graph for a second call.
  /// - Throws: the error of a custom function's closure, or `TorchError`.
  public func backward(_ gradient: Tensor? = nil, retainingGraph: Bool = false) throws {
    var outputs: [ct_tensor?] = [pointer]
    let code = withExtendedLifetime((self, gradient)) {
      if let gradient {
        var start: [ct_tensor?] = [gradient.pointer]
        return ct_backward(&outputs, &start, 1, retainingGraph ? 1 : 0, 0)
      }
      return ct_backward(&outputs, nil, 1, retainingGraph ? 1 : 0, 0)
    }
    try throwOriginal(code)
  }
}

/// The gradients of `output` with respect to `inputs`, without accumulating them in the tensors.
///
/// - Parameters:
///   - output: a single number, or any tensor together with `start`.
///   - inputs: tensors that require gradients.
///   - start: the incoming gradient, of the output's shape; nil means 1.
///   - retainingGraph: keeps the graph for a second call.
///   - creatingGraph: records the computation of the gradients, so that they can be differentiated
///     again.
/// - Returns: one gradient per input; nil if the output does not depend on it.
/// - Throws: the error of a custom function's closure, or `TorchError`.
public func gradients(
  of output: Tensor, withRespectTo inputs: [Tensor], start: Tensor? = nil,
  retainingGraph: Bool = false, creatingGraph: Bool = false
) throws -> [Tensor?] {
  var outputs: [ct_tensor?] = [output.pointer]
  var pointers: [ct_tensor?] = inputs.map(\.pointer)
  var results = [ct_tensor?](repeating: nil, count: inputs.count)
  let keep: Int32 = retainingGraph || creatingGraph ? 1 : 0
  let code = withExtendedLifetime((output, inputs, start)) {
    if let start {
      var first: [ct_tensor?] = [start.pointer]
      return ct_gradients(
        &outputs, &first, 1, &pointers, Int32(inputs.count), keep, creatingGraph ? 1 : 0, 1,
        &results)
    }
    return ct_gradients(
      &outputs, nil, 1, &pointers, Int32(inputs.count), keep, creatingGraph ? 1 : 0, 1, &results)
  }
  try throwOriginal(code)
  return results.map { $0.map { Tensor(owned: $0) } }
}

/// Runs `body` without recording operations, on this thread only.
public func withoutGradients<R>(_ body: () throws -> R) rethrows -> R {
  Runtime.require()
  let before = ct_gradient_mode()
  ct_set_gradient_mode(0)
  defer { ct_set_gradient_mode(before) }
  return try body()
}

/// Runs `body` with recording turned on again, on this thread only, inside `withoutGradients` or a
/// custom function's closures.
public func withGradients<R>(_ body: () throws -> R) rethrows -> R {
  Runtime.require()
  let before = ct_gradient_mode()
  ct_set_gradient_mode(1)
  defer { ct_set_gradient_mode(before) }
  return try body()
}

/// Runs `body` in libtorch's inference mode: faster than `withoutGradients`, but its results can
/// never take part in a gradient.
public func withInferenceMode<R>(_ body: () throws -> R) rethrows -> R {
  Runtime.require()
  let guardian = ct_inference_enter()
  defer { ct_guard_leave(guardian) }
  return try body()
}

/// Whether operations on this thread are recorded.
public var gradientsAreEnabled: Bool {
  Runtime.require()
  return ct_gradient_mode() != 0
}

/// Throws the Swift error that a closure threw inside libtorch, or else libtorch's error.
func throwOriginal(_ code: Int32) throws {
  guard code != 0 else { return }
  let error = TorchError.last(code)
  if let payload = ct_take_error_payload() {
    throw Unmanaged<ErrorBox>.fromOpaque(payload).takeRetainedValue().error
  }
  throw error
}

/// Carries a Swift error through libtorch.
final class ErrorBox {
  let error: any Error
  init(_ error: any Error) { self.error = error }
}

internal import CTorch

/// A function with a hand-written gradient.
///
/// Use it for a loss whose closed-form gradient takes less memory or time than the recorded one:
///
///     let square = CustomFunction<Void>("square", isTwiceDifferentiable: true) { inputs in
///       ([inputs[0] * inputs[0]], ())
///     } backward: { context, gradients in
///       [gradients[0].map { $0 * context.inputs[0] * 2 }]
///     }
///     let y = try square(x)[0]
///
/// The forward closure runs without recording; it may return an input, or a view of one. The
/// backward closure runs on the thread that asks for the gradient. Its results can be
/// differentiated again only if it consists of recorded operations on `context.inputs` and the
/// gradients, as above. A function that does not declare this throws instead of returning a wrong
/// second derivative.
public struct CustomFunction<State> {
  /// The arguments of the backward closure, apart from the incoming gradients.
  public struct Context {
    /// The inputs of the forward pass.
    public let inputs: [Tensor]
    /// The values that the forward closure saved for the backward closure; not differentiated.
    ///
    /// It must not hold an output: the graph would never be freed.
    public let state: State
    /// For each input, whether its gradient is needed.
    public let needsGradient: [Bool]
  }

  /// Computes the outputs and the values that the backward pass needs.
  public typealias Forward = (_ inputs: [Tensor]) throws -> (outputs: [Tensor], state: State)
  /// Computes one gradient per input (nil: none) from one gradient per output (nil: none arrived).
  public typealias Backward = (_ context: Context, _ gradients: [Tensor?]) throws -> [Tensor?]

  /// The function's name in error messages.
  public let name: String
  /// Whether the backward closure can itself be recorded and differentiated.
  public let isTwiceDifferentiable: Bool
  private let forward: Forward
  private let backward: Backward

  /// Creates a function from its forward and backward closures.
  ///
  /// - Parameter isTwiceDifferentiable: whether the backward closure consists of recorded
  ///   operations on its inputs and gradients. If not, `gradients(of:withRespectTo:)` throws when
  ///   asked to create a graph through this function.
  public init(
    _ name: String, isTwiceDifferentiable: Bool = false, forward: @escaping Forward,
    backward: @escaping Backward
  ) {
    self.name = name
    self.isTwiceDifferentiable = isTwiceDifferentiable
    self.forward = forward
    self.backward = backward
  }

  /// Applies the function.
  ///
  /// - Returns: the outputs of the forward closure, made differentiable.
  /// - Throws: the forward closure's error, or the first operator error in it. An error of the
  ///   backward closure is thrown by `backward()` or `gradients(of:withRespectTo:)`.
  public func callAsFunction(_ inputs: Tensor...) throws -> [Tensor] {
    let (made, state) = try withoutGradients { try checked { try forward(inputs) } }
    // An input that is returned as an output, or a view of one, already has a gradient history.
    let outputs = made.map { output in
      output.requiresGradient || inputs.contains { $0.isSame(as: output) }
        ? output.detached() : output
    }
    // Only the count: the node saves the inputs and checks that they have not been modified.
    let count = inputs.count
    let box = Callback { [name, isTwiceDifferentiable, backward] node, given in
      // In a backward pass, gradients are enabled only if that pass is itself recorded.
      guard isTwiceDifferentiable || !gradientsAreEnabled else {
        throw TorchError(
          kind: .notImplemented,
          message: "\(name) has only first gradients: its gradient cannot be differentiated again")
      }
      let saved = try (0..<count).map { index in
        var result: ct_tensor?
        try TorchError.check(ct_node_saved(node, Int32(index), &result))
        return Tensor(owned: result!)
      }
      let needs = (0..<count).map { ct_node_needs_gradient(node, Int32($0)) != 0 }
      let context = Context(inputs: saved, state: state, needsGradient: needs)
      return try checked { try backward(context, given) }
    }
    var pointers: [ct_tensor?] = inputs.map(\.pointer)
    var results: [ct_tensor?] = outputs.map(\.pointer)
    let code = withExtendedLifetime((inputs, outputs)) {
      ct_custom_attach(
        name, &pointers, Int32(inputs.count), &results, Int32(outputs.count), &pointers,
        Int32(inputs.count), runCallback, Unmanaged.passRetained(box).toOpaque(),
        { Unmanaged<Callback>.fromOpaque($0!).release() })
    }
    try TorchError.check(code)
    return outputs
  }
}

/// The backward closure in the form that libtorch holds.
private final class Callback {
  let body: (ct_node, [Tensor?]) throws -> [Tensor?]
  init(_ body: @escaping (ct_node, [Tensor?]) throws -> [Tensor?]) { self.body = body }
}

private func runCallback(
  _ context: UnsafeMutableRawPointer?, _ node: ct_node?, _ gradients: UnsafePointer<ct_tensor?>?,
  _ gradientCount: Int32, _ results: UnsafeMutablePointer<ct_tensor?>?, _ resultCount: Int32
) -> Int32 {
  let callback = Unmanaged<Callback>.fromOpaque(context!).takeUnretainedValue()
  let given: [Tensor?] = (0..<Int(gradientCount)).map { index in
    gradients![index].map {
      ct_tensor_retain($0)
      return Tensor(owned: $0)
    }
  }
  do {
    let made = try callback.body(node!, given)
    guard made.count == Int(resultCount) else {
      throw TorchError(
        kind: .callback,
        message: "a backward closure returned \(made.count) gradients for \(resultCount) inputs")
    }
    for (index, gradient) in made.enumerated() {
      guard let gradient else { continue }
      ct_tensor_retain(gradient.pointer)
      results![index] = gradient.pointer
    }
    return Int32(CT_OK.rawValue)
  } catch {
    ct_set_callback_error(
      "\(error)", Unmanaged.passRetained(ErrorBox(error)).toOpaque(),
      { Unmanaged<ErrorBox>.fromOpaque($0!).release() })
    return Int32(CT_ERROR_CALLBACK.rawValue)
  }
}

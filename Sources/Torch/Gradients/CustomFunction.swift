internal import CTorch

/// A function whose gradient is written by hand.
///
/// For losses whose closed-form gradient needs less memory or time than the recorded one:
///
///     let square = CustomFunction<Void>("square", isTwiceDifferentiable: true) { inputs in
///       ([inputs[0] * inputs[0]], ())
///     } backward: { context, gradients in
///       [gradients[0].map { $0 * context.inputs[0] * 2 }]
///     }
///     let y = try square(x)[0]
///
/// The forward closure runs without recording; it may return an input, or a view of one. The backward
/// closure runs on whichever thread asks for the gradient. Only where it uses nothing but recorded
/// operations on `context.inputs` and the gradients, as here, can its results be differentiated again;
/// a function that does not say so refuses, instead of giving a wrong second derivative.
public struct CustomFunction<State> {
  /// What the backward closure gets to know.
  public struct Context {
    /// The inputs of the forward pass.
    public let inputs: [Tensor]
    /// What the forward pass left for the backward pass; not differentiated.
    ///
    /// It must not hold an output: that would keep the graph alive for ever.
    public let state: State
    /// For each input, whether its gradient is wanted.
    public let needsGradient: [Bool]
  }

  /// Computes the outputs and what the backward pass will need of it.
  public typealias Forward = (_ inputs: [Tensor]) throws -> (outputs: [Tensor], state: State)
  /// Computes one gradient an input (nil: none) from one an output (nil: none arrived).
  public typealias Backward = (_ context: Context, _ gradients: [Tensor?]) throws -> [Tensor?]

  /// Names the function in error messages.
  public let name: String
  /// Whether the backward closure can be recorded and differentiated.
  public let isTwiceDifferentiable: Bool
  private let forward: Forward
  private let backward: Backward

  /// Defines a function by its two halves.
  ///
  /// - Parameter isTwiceDifferentiable: whether the backward closure consists of recorded operations
  ///   on its inputs and gradients; else `gradients(of:withRespectTo:)` throws when it is to create a
  ///   graph through this function.
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
  /// - Throws: what the forward closure throws, or the first refusal of an operator in it. An error
  ///   of the backward closure comes out of `backward()` or `gradients(of:withRespectTo:)`.
  public func callAsFunction(_ inputs: Tensor...) throws -> [Tensor] {
    let (made, state) = try withoutGradients { try checked { try forward(inputs) } }
    // An input that is passed on, or a view of one, has a history of its own.
    let outputs = made.map { output in
      output.requiresGradient || inputs.contains { $0.isSame(as: output) }
        ? output.detached() : output
    }
    // Only the number: the node saves the inputs itself, and checks that nobody has changed them.
    let count = inputs.count
    let box = Callback { [name, isTwiceDifferentiable, backward] node, given in
      // Gradients are enabled in a backward pass only where it is recorded itself.
      guard isTwiceDifferentiable || !gradientsAreEnabled else {
        throw TorchError(
          kind: .notImplemented,
          message: "\(name) has first gradients only: its gradient cannot be differentiated again")
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

/// The backward closure as libtorch holds it.
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

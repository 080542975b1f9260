import TestSupport
import Testing
import Torch

@Suite struct CustomFunctionTests {
  struct Broken: Error, Equatable { let code: Int }

  private let square = CustomFunction<Void>("square", isTwiceDifferentiable: true) { inputs in
    ([inputs[0] * inputs[0]], ())
  } backward: { context, gradients in
    [gradients[0].map { $0 * context.inputs[0] * 2 }]
  }

  @Test func `the gradient comes from the closure`() throws {
    let x = Tensor([1.0, -2, 3]).requiringGradient()
    try square(x)[0].sum().backward()
    expectClose(x.gradient, Tensor([2.0, -4, 6]))
  }

  @Test func `second-order gradients pass through the closure`() throws {
    let x = Tensor([1.0, -2, 3]).requiringGradient()
    let first = try gradients(
      of: (try square(x)[0] * x).sum(), withRespectTo: [x], creatingGraph: true)[0]!
    expectClose(first, Tensor([3.0, 12, 27]))
    let second = try gradients(of: first.sum(), withRespectTo: [x])[0]
    expectClose(second, Tensor([6.0, -12, 18]))
  }

  @Test func `rejects a second derivative unless declared`() throws {
    let once = CustomFunction<Void>("once") { inputs in
      ([inputs[0] * inputs[0]], ())
    } backward: { context, gradients in
      [gradients[0].map { $0 * context.inputs[0] * 2 }]
    }
    let x = Tensor([1.0, -2, 3]).requiringGradient()
    let y = try once(x)[0].sum()
    let error = try #require(throws: TorchError.self) {
      try gradients(of: y, withRespectTo: [x], creatingGraph: true)
    }
    #expect(error.kind == .notImplemented)
    #expect(
      error.message == "once has only first gradients: its gradient cannot be differentiated again")
    expectClose(try gradients(of: y, withRespectTo: [x])[0], Tensor([2.0, -4, 6]))
  }

  @Test func `rethrows an error of the backward closure`() throws {
    let failing = CustomFunction<Void>("failing") { inputs in
      ([inputs[0] * 1], ())
    } backward: { _, _ in
      throw Broken(code: 42)
    }
    let x = Tensor([1.0, 2]).requiringGradient()
    let y = try failing(x)[0].sum()
    #expect(throws: Broken(code: 42)) { try y.backward() }
    #expect(x.gradient == nil)
  }

  @Test func `rethrows an error of the forward closure`() throws {
    let failing = CustomFunction<Void>("failing") { _ in
      throw Broken(code: 7)
    } backward: {
      _, _ in
      []
    }
    #expect(throws: Broken(code: 7)) { try failing(Tensor([1.0])) }
  }

  @Test func `throws a failed operator of the closure`() throws {
    let misshapen = CustomFunction<Void>("misshapen") { inputs in
      ([inputs[0] * 1], ())
    } backward: { context, _ in
      [context.inputs[0].matmul(Tensor.zeros([5, 5], dtype: .float64))]
    }
    let y = try misshapen(Tensor(rows: [[1.0, 2]]).requiringGradient())[0].sum()
    #expect(throws: TorchError.self) { try y.backward() }
  }

  @Test func `throws on a wrong number of gradients`() throws {
    let short = CustomFunction<Void>("short") { inputs in
      ([inputs[0] + inputs[1]], ())
    } backward: {
      _, gradients in
      [gradients[0]]
    }
    let x = Tensor([1.0]).requiringGradient()
    let y = try short(x, x)[0].sum()
    #expect(throws: TorchError.self) { try y.backward() }
  }

  @Test func `throws on a second backward pass without the graph`() throws {
    let x = Tensor([1.0]).requiringGradient()
    let y = try square(x)[0].sum()
    try y.backward()
    #expect(throws: TorchError.self) { try y.backward() }
  }

  @Test func `detects a changed saved input`() throws {
    let x = Tensor([1.0, 2]).requiringGradient()
    let hidden = x * 1
    let y = try square(hidden)[0].sum()
    withoutGradients { hidden.fillInPlace(9) }
    #expect(throws: TorchError.self) { try y.backward() }
  }

  @Test func `detects a saved input changed by a kernel`() throws {
    func refused(_ change: (Tensor) throws -> Void) throws {
      let x = Tensor.ones([4, 2]).requiringGradient()
      let y = try square(x)[0].sum()
      try withoutGradients { try change(x) }
      #expect(throws: TorchError.self) { try y.backward() }
    }
    try refused { $0.writeExponentials(shift: .zeros([4]), scale: .ones([4]), to: $0) }
    try refused { $0.writeSigmoids(scale: 1, to: $0) }
    try refused { $0.withUnsafeMutableElements(of: Float.self) { $0[0] = 5 } }
    for optimizer in [{ SparseAdagrad($0) }, { SparseAdam($0) }] as [([Tensor]) -> any Optimizer] {
      try refused { x in
        x.gradient = .sparse(rows: Tensor([1]), values: .ones([1, 2]), rowCount: 4)
        try optimizer([x]).step()
      }
    }
  }

  @Test func `frees the closure with the graph`() throws {
    final class Probe: Sendable {}
    weak var watched: Probe?
    do {
      let probe = Probe()
      watched = probe
      let keeps = CustomFunction<Probe>("keeps") { inputs in
        ([inputs[0] * 2], probe)
      } backward: {
        context, gradients in
        withExtendedLifetime(context.state) { gradients }
      }
      let x = Tensor([1.0]).requiringGradient()
      try keeps(x)[0].sum().backward()
      #expect(watched != nil)
    }
    #expect(watched == nil)
  }

  @Test func `needsGradient marks the differentiable inputs`() throws {
    let x = Tensor([1.0]).requiringGradient()
    let constant = Tensor([2.0])
    let product = CustomFunction<Void>("product") { inputs in
      ([inputs[0] * inputs[1]], ())
    } backward: { context, gradients in
      #expect(context.needsGradient == [true, false])
      return [gradients[0].map { $0 * context.inputs[1] }, nil]
    }
    try product(x, constant)[0].sum().backward()
    expectClose(x.gradient, Tensor([2.0]))
  }
}

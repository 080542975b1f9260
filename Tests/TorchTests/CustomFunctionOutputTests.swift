import TestSupport
import Testing
import Torch

/// Outputs of a forward closure other than fresh real tensors.
@Suite struct CustomFunctionOutputTests {
  /// The same values with the gradient turned round, as adversarial training uses it.
  private let reversal = CustomFunction<Void>("reversal") { inputs in
    (inputs, ())
  } backward: { _, gradients in
    gradients.map { $0.map { -$0 } }
  }

  @Test func `may return an input unchanged`() throws {
    let x = Tensor([1.0, 2]).requiringGradient()
    let constant = Tensor([5.0])
    let outputs = try reversal(x, constant)
    #expect(outputs[0].doubles() == [1, 2] && outputs[1].doubles() == [5])
    #expect(!constant.requiresGradient, "the caller's tensor has become part of the graph")
    try (outputs[0] * Tensor([3.0, 4])).sum().backward()
    expectClose(x.gradient, Tensor([-3.0, -4]))
  }

  @Test func `may return an input without gradient`() throws {
    let x = Tensor([1.0, 2])
    let y = try reversal(x)[0]
    #expect(y.doubles() == [1, 2] && !y.requiresGradient)
  }

  @Test func `may return views of an input`() throws {
    let flattened = CustomFunction<Void>("flattened") { inputs in
      ([inputs[0].reshaped([-1])[1..<3]], ())
    } backward: { context, gradients in
      let zeros = Tensor.zeros(like: context.inputs[0].detached())
      gradients[0].map { zeros.reshaped([-1])[1..<3].copyInPlace(from: $0) }
      return [zeros]
    }
    let x = Tensor(rows: [[1.0, 2], [3, 4]]).requiringGradient()
    let y = try flattened(x)[0]
    #expect(y.doubles() == [2, 3])
    try (y * Tensor([10.0, 20])).sum().backward()
    expectClose(x.gradient, Tensor(rows: [[0.0, 10], [20, 0]]))
  }

  @Test func `integer and empty outputs have no gradient`() throws {
    let ranked = CustomFunction<Void>("ranked") { inputs in
      let (values, indices) = inputs[0].sorted(descending: true)
      return ([indices, values, values[0..<0]], ())
    } backward: { context, gradients in
      #expect(gradients[0] == nil && gradients[2] == nil)
      let (_, order) = context.inputs[0].sorted(descending: true)
      return [
        gradients[1].map { Tensor.zeros([3], dtype: .float64).addingRows($0, at: order) }
      ]
    }
    let x = Tensor([2.0, 9, 4]).requiringGradient()
    let outputs = try ranked(x)
    #expect(outputs[0].array(of: Int.self) == [1, 2, 0])
    #expect(!outputs[0].requiresGradient && outputs[1].requiresGradient)
    #expect(outputs[2].shape == [0])
    try (outputs[1] * Tensor([1.0, 2, 3])).sum().backward()
    expectClose(x.gradient, Tensor([3.0, 1, 2]))
  }

  @Test func `two threads may run backward over one graph`() async throws {
    let square = CustomFunction<Void>("square") { inputs in
      ([inputs[0] * inputs[0]], ())
    } backward: { context, gradients in
      [gradients[0].map { $0 * context.inputs[0] * 2 }]
    }
    for _ in 0..<50 {
      let x = Tensor([3.0]).requiringGradient()
      let y = try square(x * 1)[0].sum()
      // One frees memory that the other reads: each gets its gradient or an error.
      let results = await withTaskGroup(of: Double?.self) { group in
        for _ in 0..<2 {
          group.addTask {
            do {
              return try gradients(of: y, withRespectTo: [x])[0]?.scalar
            } catch { return nil }
          }
        }
        return await group.reduce(into: [Double?]()) { $0.append($1) }
      }
      #expect(results.contains(6) && results.allSatisfy { $0 == 6 || $0 == nil })
    }
  }
}

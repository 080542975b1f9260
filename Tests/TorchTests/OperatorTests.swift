import Foundation
import TestSupport
import Testing
import Torch

/// Every public operator against PyTorch: value, gradient and second-order gradient.
@Suite struct OperatorTests {
  struct Case: Decodable {
    let name: String
    let inputs: [GoldenTensor]
    let value: GoldenTensor
    let gradients: [GoldenTensor?]?
    let secondGradients: [GoldenTensor?]?
  }

  @Test func `agrees with PyTorch`() throws {
    let golden = try Golden<Case>("Operators")
    let operators = OperatorTable.all
    #expect(Set(golden.cases.map(\.name)) == Set(operators.keys))
    for entry in golden.cases {
      guard let apply = operators[entry.name] else { continue }
      let inputs = entry.inputs.map { input in
        input.dtype == .float64 ? input.tensor.requiringGradient() : input.tensor
      }
      let value = apply(inputs)
      #expect(value.dtype == entry.value.dtype, "\(entry.name)")
      expectClose(value, entry.value.tensor, tolerance: 1e-13, entry.name)
      #expect(value.requiresGradient == (entry.gradients != nil), "\(entry.name)")
      if entry.gradients != nil { try checkGradients(entry, inputs, value) }
    }
  }

  /// The gradient starts with cos(0, 1, 2, …); the second-order one is that of
  /// Σ g · sin(1, 2, 3, …) over the gradients g of all inputs.
  private func checkGradients(_ entry: Case, _ inputs: [Tensor], _ value: Tensor) throws {
    let start = Tensor((0..<value.elementCount).map { cos(Double($0)) }, shape: value.shape)
    let leaves = inputs.filter(\.requiresGradient)
    let first = try gradients(
      of: value, withRespectTo: leaves, start: start, creatingGraph: true)
    compare(first, entry.gradients ?? [], "gradient of \(entry.name)")
    let total = first.compactMap { $0 }.reduce(Tensor(0, dtype: .float64)) { sum, gradient in
      let factors = (0..<gradient.elementCount).map { sin(1 + Double($0)) }
      return sum + (gradient * Tensor(factors, shape: gradient.shape)).sum()
    }
    #expect(total.requiresGradient == (entry.secondGradients != nil), "\(entry.name)")
    if let expected = entry.secondGradients {
      let second = try gradients(of: total, withRespectTo: leaves)
      compare(second, expected, "second gradient of \(entry.name)")
    }
  }

  private func compare(_ actual: [Tensor?], _ expected: [GoldenTensor?], _ label: String) {
    #expect(actual.count == expected.count, "\(label)")
    for (index, (actual, expected)) in zip(actual, expected).enumerated() {
      expectClose(actual, expected?.tensor, tolerance: 1e-12, "\(label), input \(index)")
    }
  }

  @Test func `reduces a tensor to a truth value`() {
    #expect(Tensor([true, true]).allTrue() && !Tensor([true, false]).allTrue())
    #expect(Tensor([0.0, 1]).anyTrue() && !Tensor([0.0, 0]).anyTrue())
    #expect(
      Tensor([1.0, .nan, .infinity]).isFinite().array(of: Bool.self) == [true, false, false])
    let x = Tensor([1.0, 2])
    #expect(x.isIdentical(to: Tensor([1.0, 2])) && !x.isIdentical(to: Tensor([1.0, 3])))
    #expect(
      !x.isIdentical(to: Tensor([Float(1), 2])) && !x.isIdentical(to: Tensor(rows: [[1.0, 2]])))
  }

  @Test func `scalars take the element type of the tensor`() {
    for dtype in [DType.float16, .bfloat16, .float32, .float64] {
      let x = Tensor([2.0, 3]).converted(to: dtype)
      for (result, expected) in [
        (x + 1, [3.0, 4]), (1 + x, [3, 4]), (x - 1, [1, 2]), (1 - x, [-1, -2]), (x * 3, [6, 9]),
        (3 * x, [6, 9]), (x / 2, [1, 1.5]), (6 / x, [3, 2]), (x[0] * 3, [6]),
      ] {
        #expect(result.dtype == dtype && result.doubles() == expected, "\(result)")
      }
    }
    // torch 2.15: torch.arange(1, 3) * 1.5 is of float32, whatever the number.
    #expect((Tensor([1, 2]) * 1.5).dtype == .float32)
    #expect((Tensor([1.0]) + 1e-12).doubles() == [1 + 1e-12])
    // torch 2.15: the product with the number itself; with its nearest bfloat16 it would be 1000.
    #expect((Tensor([1000.0]).converted(to: .bfloat16) * 1.003).doubles() == [1004])
  }

  @Test func `slices share storage`() {
    let x = Tensor.zeros([3, 2])
    x[1].fillInPlace(5)
    x[2..<3].slice(1..<2, along: 1).fillInPlace(7)
    x.transposed()[0].slice(0..<1, along: 0).fillInPlace(9)
    #expect(x.doubles() == [9, 0, 5, 5, 0, 7])
    x.copied().fillInPlace(1)
    #expect(x.sum().scalar == 26)
  }

  @Test func `propagates NaN and ignores −∞`() {
    let x = Tensor([1.0, .nan]).maximum(Tensor([2.0, 0]))
    #expect(x[0].scalar == 2 && x[1].scalar.isNaN)
    let far = Tensor([-.infinity, 0.0])
    #expect(far.logSumExp(along: 0).scalar == 0)
  }
}

import Foundation
import TestSupport
import Testing
import Torch

/// `checked` turns every refusal into an error, whatever the work does after it.
@Suite struct CheckedTests {
  @Test func readingTheResultOfARefusedOperatorDoesNotEndTheProcess() async {
    await #expect(processExitsWith: .success) {
      let a = Tensor(rows: [[1.0, 2]])
      let error = #expect(throws: TorchError.self) {
        try checked {
          let product = a.matmul(a)
          #expect(product.array(of: Double.self).isEmpty)
          #expect(product.size(along: 1) == 0)
          #expect(product.withUnsafeMutableElements(of: Double.self) { $0.count } == 0)
          #expect(product.scalar == 0 && product.integer == 0)
        }
      }
      #expect(error?.message.contains("mat1") == true)
    }
  }

  /// Work goes on with shapes that mean nothing; neither they nor what is required of them may trap.
  @Test func `what follows a refused operator does not trap`() async {
    await #expect(processExitsWith: .success) {
      let a = Tensor(rows: [[1.0, 2]])
      let error = #expect(throws: TorchError.self) {
        try checked {
          let product = a.matmul(a).squeezed(along: 0).sum(along: 0)
          let shape = product.shape
          let heads = product.reshaped([shape[0], shape[1], 4, shape[2] / 4])
          #expect(heads.shape[3] == 0)
          // A convolution requires four axes, a copy from an array as many numbers as places.
          _ = heads[0][0].mean().shape[1]
          _ = Tensor(heads.array(of: Float.self), shape: [2, 3])
          // Nothing is done any more, not even what could be.
          #expect((a + a).elementCount == 0)
        }
      }
      #expect(error?.message.contains("mat1") == true)
      #expect((a + a).doubles() == [2, 4])
    }
    await #expect(processExitsWith: .failure) { _ = Tensor([1.0], shape: [2]) }
  }

  @Test func `a refusal can be thrown before its scope ends`() {
    #expect(throws: TorchError.self) {
      try checked {
        try throwRefusal()
        _ = Tensor([1.0]).matmul(Tensor([1.0, 2]))
        try throwRefusal()
        Issue.record("the work went on")
      }
    }
  }

  @Test func aWrongElementTypeIsARefusalLikeAnother() throws {
    let error = #expect(throws: TorchError.self) {
      try checked { Tensor([1.0]).array(of: Float.self) }
    }
    #expect(error?.message.contains("float64") == true)
  }

  @Test func aRefusedOperatorInPlaceLeavesTheVariable() throws {
    var weight = Tensor([1.0, 2]).requiringGradient()
    #expect(throws: TorchError.self) { try checked { weight += Tensor([1.0, 1]) } }
    #expect(throws: TorchError.self) { try checked { weight -= Tensor([1.0, 1]) } }
    #expect(throws: TorchError.self) { try checked { weight *= Tensor([1.0, 1]) } }
    #expect(throws: TorchError.self) { try checked { weight *= 2 } }
    #expect(weight.doubles() == [1, 2])
    withoutGradients { weight += Tensor([1.0, 1]) }
    #expect(weight.doubles() == [2, 3] && weight.requiresGradient)
  }

  @Test func memoryThatCannotBeHadIsAnError() throws {
    let error = #expect(throws: TorchError.self) { try checked { Tensor.zeros([1 << 50]) } }
    #expect(error != nil)
  }

  @Test func everyThreadHasItsOwnScope() async throws {
    let messages = await withTaskGroup(of: String.self) { group in
      for width in 2..<34 {
        group.addTask {
          do {
            try checked {
              _ = Tensor.zeros([1, width]).matmul(Tensor.zeros([99, 1]))
              do { try checked { _ = Tensor.zeros([1]) + Tensor.zeros([1]) } } catch {
                Issue.record("an inner scope reported the outer one's error: \(error)")
              }
            }
            return "nothing"
          } catch { return "\(error)" }
        }
      }
      return await group.reduce(into: [String]()) { $0.append($1) }
    }
    for width in 2..<34 {
      #expect(messages.contains { $0.contains("1x\(width) and 99x1") })
    }
  }

  @Test func firstUseMayComeFromManyThreadsAtOnce() async {
    await #expect(processExitsWith: .success) {
      let sums = await withTaskGroup(of: Double.self) { group in
        for index in 0..<16 {
          group.addTask { (Tensor([Double(index)]) * Tensor([2.0])).sum().scalar }
        }
        return await group.reduce(0, +)
      }
      #expect(sums == 240)
    }
  }
}

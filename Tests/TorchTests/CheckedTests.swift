import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// `checked` turns every refusal into an error, whatever the work does after it.
@Suite struct CheckedTests {
  @Test func `reading a failed result does not trap`() async {
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

  /// Work goes on with meaningless shapes; neither they nor their preconditions may trap.
  @Test func `operators after a failed one do not trap`() async {
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
          // No further work is done, even where it could be.
          #expect((a + a).elementCount == 0)
        }
      }
      #expect(error?.message.contains("mat1") == true)
      #expect((a + a).doubles() == [2, 4])
    }
    await #expect(processExitsWith: .failure) { _ = Tensor([1.0], shape: [2]) }
  }

  /// The preconditions of `Storage` hold as those of `Torch` do.
  @Test func `a matrix made after a refused operator does not trap`() async {
    await #expect(processExitsWith: .success) {
      let a = Tensor(rows: [[1.0, 2]])
      #expect(throws: TorchError.self) {
        try checked {
          _ = CSRMatrix(rows: [[3]], columnCount: a.matmul(a).size(along: 1))
        }
      }
    }
    await #expect(processExitsWith: .failure) { _ = CSRMatrix(rows: [[3]], columnCount: 0) }
  }

  @Test func `a failure can be thrown before its scope ends`() {
    #expect(throws: TorchError.self) {
      try checked {
        try throwRefusal()
        _ = Tensor([1.0]).matmul(Tensor([1.0, 2]))
        try throwRefusal()
        Issue.record("the work went on")
      }
    }
  }

  @Test func `throws on a wrong element type`() throws {
    let error = #expect(throws: TorchError.self) {
      try checked { Tensor([1.0]).array(of: Float.self) }
    }
    #expect(error?.message.contains("float64") == true)
  }

  @Test func `a failed in-place operator leaves the tensor unchanged`() throws {
    let weight = Tensor([1.0, 2]).requiringGradient()
    #expect(throws: TorchError.self) { try checked { weight.addInPlace(Tensor([1.0, 1])) } }
    #expect(throws: TorchError.self) { try checked { weight.subtractInPlace(Tensor([1.0, 1])) } }
    #expect(throws: TorchError.self) {
      try checked { weight.multiplyInPlace(by: Tensor([1.0, 1])) }
    }
    #expect(throws: TorchError.self) { try checked { weight.multiplyInPlace(by: 2) } }
    #expect(weight.doubles() == [1, 2])
    withoutGradients { weight.addInPlace(Tensor([1.0, 1])) }
    #expect(weight.doubles() == [2, 3] && weight.requiresGradient)
  }

  @Test func `throws when memory cannot be allocated`() throws {
    let error = #expect(throws: TorchError.self) { try checked { Tensor.zeros([1 << 50]) } }
    #expect(error != nil)
  }

  @Test func `every thread has a separate scope`() async throws {
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

  @Test func `many threads may load the library at once`() async {
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

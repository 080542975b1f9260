import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// Ownership of memory across the boundary to libtorch, also when a call fails half-way.
@Suite struct OwnershipTests {
  private final class Probe: Sendable {}
  private struct Broken: Error { let probe: Probe }

  @Test func `releases borrowed memory once when the shape fails`() async {
    await #expect(processExitsWith: .success) {
      let bytes = [UInt8](repeating: 0, count: 8)
      let probe = Probe()
      weak let watched = probe
      // No element, but strides that overflow: refused after the memory was taken over.
      let shape = [0, 1 << 40, 1 << 40]
      for _ in 0..<100 {
        #expect(throws: TorchError.self) {
          try bytes.withUnsafeBytes {
            try Tensor(borrowing: $0.baseAddress!, shape: shape, dtype: .uint8, owner: probe)
          }
        }
      }
      withExtendedLifetime(probe) { #expect(watched != nil) }
    }
  }

  @Test func `releases borrowed memory with the last reference`() throws {
    let bytes = [UInt8](repeating: 7, count: 8)
    weak var watched: Probe?
    try bytes.withUnsafeBytes { bytes in
      var row: Tensor?
      do {
        let probe = Probe()
        watched = probe
        row = try Tensor(
          borrowing: bytes.baseAddress!, shape: [2, 4], dtype: .uint8, owner: probe)[1]
      }
      #expect(watched != nil && row?.doubles() == [7, 7, 7, 7])
      row = nil
      #expect(watched == nil)
    }
  }

  @Test func `borrows empty memory`() throws {
    #expect(MappedArray<Float>([]).tensor().shape == [0])
    #expect(MappedArray<Float>([]).tensor().sum().scalar == 0)
    let none = Tensor([Float]())
    #expect(none.array(of: Float.self).isEmpty && none.doubles().isEmpty)
    #expect(none.withUnsafeMutableElements(of: Float.self) { $0.count } == 0)
    #expect((Tensor.zeros([0, 3]) + 1).sum(along: 0).doubles() == [0, 0, 0])
  }

  @Test func `frees an error of a backward closure once`() throws {
    weak var watched: Probe?
    do {
      let failing = failingFunction { watched = $0 }
      let y = try failing(Tensor([1.0]).requiringGradient())[0].sum()
      #expect(throws: Broken.self) { try y.backward() }
    }
    #expect(watched == nil)
  }

  /// The inner pass of a custom function inside the backward closure of another one.
  @Test func `an error passes through nested backward passes`() throws {
    weak var watched: Probe?
    do {
      let failing = failingFunction { watched = $0 }
      let outer = CustomFunction<Void>("outer") { inputs in
        ([inputs[0] * 1], ())
      } backward: { _, gradients in
        try withGradients {
          try failing(Tensor([1.0]).requiringGradient())[0].sum().backward()
        }
        return gradients
      }
      let y = try outer(Tensor([1.0]).requiringGradient())[0].sum()
      #expect(throws: Broken.self) { try y.backward() }
    }
    #expect(watched == nil)
  }

  /// Operators, and a whole backward pass, inside a backward closure that an operator waits for.
  @Test func `backward closures may use operators and backward passes`() throws {
    let nested = CustomFunction<Void>("nested") { inputs in
      ([inputs[0] * inputs[0]], ())
    } backward: { context, received in
      let inner = try withGradients {
        let x = context.inputs[0].requiringGradient()
        return try gradients(of: (x * x).sum(), withRespectTo: [x])[0]
      }
      return [received[0].flatMap { gradient in inner.map { gradient * $0 } }]
    }
    let x = Tensor([3.0, 4]).requiringGradient()
    try nested(nested(x)[0])[0].sum().backward()
    expectClose(x.gradient, Tensor([108.0, 256]))
  }

  private func failingFunction(_ made: @escaping (Probe) -> Void) -> CustomFunction<Void> {
    CustomFunction<Void>("failing") { inputs in
      ([inputs[0] * 1], ())
    } backward: { _, _ in
      let probe = Probe()
      made(probe)
      throw Broken(probe: probe)
    }
  }

  /// libtorch throws where it cannot answer; past a Swift frame that would skip its cleaning up.
  @Test func `C++ exceptions trap instead of crossing Swift frames`() async {
    await #expect(processExitsWith: .failure) {
      let shapeless = CustomFunction<Void>("shapeless") { inputs in
        ([inputs[0] * 1], ())
      } backward: { _, gradients in
        let nested = Op("aten::_nested_tensor_from_tensor_list")
        let ragged = nested(.tensors([Tensor([1.0]), Tensor([1.0, 2])]))
        _ = ragged.shape
        return gradients
      }
      do {
        try shapeless(Tensor([1.0]).requiringGradient())[0].sum().backward()
      } catch {}
    }
  }

  @Test func `frees a long chain of functions without recursion`() throws {
    let same = CustomFunction<Void>("same") { inputs in
      ([inputs[0] * 1], ())
    } backward: { _, gradients in
      gradients
    }
    let x = Tensor([1.0]).requiringGradient()
    var y = x
    for _ in 0..<20_000 { y = try same(y)[0] }
    try y.backward()
    y = x
    expectClose(x.gradient, Tensor([1.0]))
  }

  @Test func `rejects a gradient of another shape or type`() throws {
    let x = Tensor([1.0, 2]).requiringGradient()
    #expect(throws: TorchError.self) { try checked { x.gradient = Tensor([1.0]) } }
    #expect(throws: TorchError.self) { try checked { x.gradient = Tensor([Float(1), 2]) } }
    #expect(x.gradient == nil)
    x.gradient = Tensor([3.0, 4])
    #expect(x.gradient?.doubles() == [3, 4])
    x.gradient = nil
    #expect(x.gradient == nil)
  }
}

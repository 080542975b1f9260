import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct HydraGateTests {
  private struct Case: Decodable {
    let isTraining: Bool
    let classes: [Int]
    let partners: [Int]
    let weights: [[Double]]
    let gates: [[Double]]
    let state: [String: GoldenTensor]
    let gradients: [String: [Double]]
  }

  private static func gate() -> HydraGate {
    HydraGate(
      .init(classes: 4, width: 2, classWidth: 3, hidden: 5), generator: Generator(seed: 3),
      dtype: .float64)
  }

  @Test func `value and gradient agree with PyTorch layers`() throws {
    let golden = try Golden<Case>("HydraGate")
    #expect(golden.cases.map(\.isTraining) == [true, false])
    for found in golden.cases {
      let gate = Self.gate()
      try gate.restore(found.state.mapValues(\.tensor))
      gate.isTraining = found.isTraining
      let gates = try gate(classes: found.classes, partners: found.partners)
      expectClose(gates, Tensor(rows: found.gates), tolerance: 1e-12)
      let slopes = try gradients(
        of: (gates * Tensor(rows: found.weights)).sum(),
        withRespectTo: gate.parameters.map(\.tensor))
      #expect(Set(gate.parameters.map(\.name)) == Set(found.gradients.keys))
      for ((name, _), slope) in zip(gate.parameters, slopes) {
        expectClose(slope?.doubles() ?? [], found.gradients[name] ?? [], tolerance: 1e-10, name)
      }
    }
  }

  @Test func `is invariant to the order of a pair`() throws {
    let gate = Self.gate()
    gate.isTraining = false
    let forth = try gate(classes: [0, 1, 2], partners: [3, 1, 0])
    let back = try gate(classes: [3, 1, 0], partners: [0, 1, 2])
    expectClose(forth, back, tolerance: 0)
    #expect(forth.doubles().allSatisfy { $0 > 0 && $0 < 1 })
    #expect(gate.buffers.map(\.name).first == "network.1.running_mean")
  }

  @Test func `traps on an unknown class`() async {
    await #expect(processExitsWith: .failure) {
      let gate = HydraGate(
        .init(classes: 2, width: 2, classWidth: 2, hidden: 2), generator: Generator(seed: 1))
      _ = try gate(classes: [0, 1], partners: [0, 2])
    }
  }
}

import Extreme
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct LaSOLossTests {
  private static var cases: [LaSOCase] {
    get throws {
      let folder = URL(filePath: #filePath).deletingLastPathComponent().path()
      return try Golden<LaSOCase>("LaSOLoss", testFile: folder).cases
    }
  }

  @Test func `agrees with PyTorch`() throws {
    let cases = try Self.cases
    #expect(cases.count == 4)
    for (index, one) in cases.enumerated() {
      let networks = try one.networks()
      let head = try one.classifier()
      let a = one.first.tensor.requiringGradient()
      let b = one.second.tensor.requiringGradient()
      let value = try one.loss(
        networks: networks, first: a, second: b, firstLabels: one.firstLabels.tensor,
        secondLabels: one.secondLabels.tensor, classifier: head.callAsFunction)
      expectClose(value.scalar, one.value, tolerance: 1e-12, "case \(index)")
      try value.backward()
      let tensors =
        [("first", a), ("second", b), ("head", head.weight)]
        + networks.parameters.map { ($0.name, $0.tensor) }
      #expect(tensors.count == one.gradients.count)
      for (name, tensor) in tensors {
        expectClose(
          tensor.gradient, one.gradients[name]?.tensor, tolerance: 1e-11, "case \(index), \(name)")
      }
    }
  }

  @Test func `gradient matches finite differences`() throws {
    let one = try #require(try Self.cases.first)
    let networks = try one.networks()
    let head = try one.classifier()
    func value(_ a: Tensor) throws -> Tensor {
      try one.loss(
        networks: networks, first: a, second: one.second.tensor,
        firstLabels: one.firstLabels.tensor, secondLabels: one.secondLabels.tensor,
        classifier: head.callAsFunction)
    }
    let a = one.first.tensor.requiringGradient()
    try value(a).backward()
    let slopes = try one.first.values.indices.map { index in
      let ends = try [1e-5, -1e-5].map { step in
        var values = one.first.values
        values[index] += step
        return try value(Tensor(values, shape: one.first.shape)).scalar
      }
      return (ends[0] - ends[1]) / 2e-5
    }
    expectClose(a.gradient?.doubles() ?? [], slopes, tolerance: 1e-7)
  }

  @Test func `second derivatives match finite differences`() throws {
    let one = try #require(try Self.cases.first)
    let (networks, head) = (try one.networks(), try one.classifier())
    let rows = stride(from: 0, to: one.first.values.count, by: 3).map {
      Array(one.first.values[$0..<($0 + 3)])
    }
    try expectSecondDerivatives(at: [rows]) {
      try one.loss(
        networks: networks, first: $0[0], second: one.second.tensor,
        firstLabels: one.firstLabels.tensor, secondLabels: one.secondLabels.tensor,
        classifier: head.callAsFunction)
    }
  }

  @Test func `is invariant to swapping the pair`() throws {
    for one in try Self.cases {
      let networks = try one.networks()
      let head = try one.classifier()
      let exchanged = try one.loss(
        networks: networks, first: one.second.tensor, second: one.first.tensor,
        firstLabels: one.secondLabels.tensor, secondLabels: one.firstLabels.tensor,
        classifier: head.callAsFunction)
      expectClose(exchanged.scalar, one.value, tolerance: 1e-12)
    }
  }

  @Test func `every cross-entropy is log 2 at chance`() throws {
    let one = try #require(try Self.cases.first)
    let value = try LaSOLoss(reconstructionWeight: 0, tautologyWeight: 1)(
      networks: try one.networks(), first: one.first.tensor, second: one.second.tensor,
      firstLabels: one.firstLabels.tensor, secondLabels: one.secondLabels.tensor
    ) { $0 * 0 }
    expectClose(value.scalar, 20 * log(2), tolerance: 1e-12)
  }

  @Test func `stays finite at extreme inputs`() throws {
    let one = try #require(try Self.cases.first)
    let networks = try one.networks()
    let a = (one.first.tensor * 1e4).requiringGradient()
    let value = try one.loss(
      networks: networks, first: a, second: one.second.tensor * 1e4,
      firstLabels: one.firstLabels.tensor, secondLabels: one.secondLabels.tensor
    ) { $0 * 100 }
    try value.backward()
    #expect(value.scalar.isFinite)
    #expect(a.gradient?.doubles().allSatisfy(\.isFinite) == true)
  }

  @Test func `no pairs give zero loss`() throws {
    let one = try #require(try Self.cases.first)
    let none = Tensor.zeros([0, 3], dtype: .float64)
    let value = try one.loss(
      networks: try one.networks(), first: none, second: none, firstLabels: none,
      secondLabels: none
    ) { $0 }
    #expect(value.scalar == 0)
  }

  @Test func `traps on mismatched label widths`() async {
    await #expect(processExitsWith: .failure) {
      let networks = LaSONetworks(
        .init(dimension: 2, hiddenDimension: 3), generator: Generator(seed: 3))
      _ = try LaSOLoss()(
        networks: networks, first: .zeros([2, 2]), second: .zeros([2, 2]),
        firstLabels: .zeros([2, 4]), secondLabels: .zeros([2, 5])
      ) { $0 }
    }
  }
}

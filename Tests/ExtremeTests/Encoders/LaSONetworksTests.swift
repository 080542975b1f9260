import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct LaSONetworksTests {
  private static var cases: [LaSOCase] {
    get throws {
      let folder = URL(filePath: #filePath).deletingLastPathComponent().path()
      return try Golden<LaSOCase>("LaSOLoss", testFile: folder).cases
    }
  }

  @Test func `agrees with PyTorch`() throws {
    for (index, one) in try Self.cases.enumerated() {
      let networks = try one.networks()
      let expected: [(LaSONetworks.Operation, GoldenTensor)] = [
        (.union, one.union), (.intersection, one.intersection), (.subtraction, one.subtraction),
      ]
      for (operation, vectors) in expected {
        expectClose(
          networks(operation, one.first.tensor, one.second.tensor), vectors.tensor,
          tolerance: 1e-12, "case \(index), \(operation)")
      }
    }
  }

  @Test func `a pair is independent of its batch`() throws {
    let networks = LaSONetworks(
      .init(dimension: 4, hiddenDimension: 6, layers: 2), generator: Generator(seed: 3),
      dtype: .float64)
    var random = SplitMix64(2)
    let a = Tensor(random.doubles(20), shape: [5, 4])
    let b = Tensor(random.doubles(20), shape: [5, 4])
    let all = networks(.subtraction, a, b)
    let alone = networks(.subtraction, a.slice(1..<2, along: 0), b.slice(1..<2, along: 0))
    expectClose(alone, all.slice(1..<2, along: 0), tolerance: 1e-12)
  }

  @Test func `every operation has separate weights`() {
    let networks = LaSONetworks(
      .init(dimension: 2, hiddenDimension: 3), generator: Generator(seed: 3))
    #expect(Set(networks.parameters.map(\.name)).count == 3 * 8)
    let sample = Tensor(rows: [[0.5, -1.0]]).converted(to: .float32)
    let results = LaSONetworks.Operation.allCases.map { networks($0, sample, sample).doubles() }
    #expect(Set(results).count == 3)
  }

  @Test func `rectified results are nonnegative`() {
    let networks = LaSONetworks(
      .init(dimension: 5, hiddenDimension: 8, isRectified: true), generator: Generator(seed: 3))
    var random = SplitMix64(2)
    let a = Tensor(random.doubles(50), shape: [10, 5]).converted(to: .float32)
    #expect(networks(.union, a, a).doubles().allSatisfy { $0 >= 0 })
  }

  @Test func `traps on mismatched batches`() async {
    await #expect(processExitsWith: .failure) {
      let networks = LaSONetworks(
        .init(dimension: 2, hiddenDimension: 3), generator: Generator(seed: 3))
      _ = networks(.union, .zeros([2, 2]), .zeros([1, 2]))
    }
  }
}

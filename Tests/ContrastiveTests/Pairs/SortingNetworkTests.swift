import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SortingNetworkTests {
  @Test func `agrees with diffsort`() throws {
    try expectGolden("SortingNetwork", count: 8, tolerance: 1e-10) { given, inputs in
      let names = (given.kind ?? "").split(separator: " ").map(String.init)
      let network = SortingNetwork(
        kind: try #require(SortingNetwork.Kind(rawValue: names[0])),
        relaxation: try #require(SortingNetwork.Relaxation(rawValue: names[1])),
        steepness: given["steepness"])
      let values = try #require(inputs["values"])
      let (sorted, permutation) = try network(values)
      let size = values.shape[1]
      let weights = Tensor((0..<(2 * size * size)).map { cos(Double($0)) }, shape: [2, size, size])
      return (sorted * weights.slice(0..<1, along: 1).squeezed(along: 1)).sum()
        + (permutation * weights).sum()
    }
  }

  @Test(arguments: SortingNetwork.Kind.allCases, 1...9)
  func `steep comparators sort exactly`(_ kind: SortingNetwork.Kind, _ count: Int) throws {
    var random = SplitMix64(UInt64(count))
    let rows = (0..<6).map { _ in
      (0..<count).map { Double($0) / 3 - 1 }.shuffled(using: &random)
    }
    let network = SortingNetwork(kind: kind, relaxation: .logistic, steepness: 1e4)
    let (sorted, permutation) = try network(Tensor(rows: rows))
    expectClose(sorted, Tensor(rows: rows.map { $0.sorted() }), tolerance: 1e-9)
    // The permutation takes the values to their places.
    let placed = Tensor(rows: rows).expandingDimension(at: 1).matmul(permutation)
    expectClose(placed.squeezed(along: 1), sorted, tolerance: 1e-9)
  }

  @Test(arguments: SortingNetwork.Kind.allCases, SortingNetwork.Relaxation.allCases)
  func `permutation matrices are doubly stochastic`(
    _ kind: SortingNetwork.Kind, _ relaxation: SortingNetwork.Relaxation
  ) throws {
    var random = SplitMix64(1)
    let values = Tensor(rows: random.rows(3, 6))
    let network = SortingNetwork(kind: kind, relaxation: relaxation, steepness: 4)
    let (sorted, permutation) = try network(values)
    let ones = [Double](repeating: 1, count: 18)
    expectClose(permutation.sum(along: 1).doubles(), ones, tolerance: 1e-12)
    expectClose(permutation.sum(along: 2).doubles(), ones, tolerance: 1e-12)
    expectClose(
      values.expandingDimension(at: 1).matmul(permutation).squeezed(along: 1), sorted,
      tolerance: 1e-12)
  }

  @Test func `mixes equal values evenly`() throws {
    let (_, permutation) = try SortingNetwork()(Tensor.ones([1, 2], dtype: .float64))
    expectClose(permutation.doubles(), [0.5, 0.5, 0.5, 0.5])
  }

  @Test func `traps on steepness 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = try SortingNetwork(steepness: 0)(.ones([1, 2]))
    }
  }
}

import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct LLPBeliefPropagationTests {
  private struct Case: Decodable {
    struct Options: Decodable {
      let bagWeight: Double
      let neighbourWeight: Double
      let rounds: Int
      let damping: Double
    }
    let options: Options
    let bags: [[Int]]
    let counts: [Double]
    let edges: [[Double]]
    let marginals: [Double]
  }

  private typealias Edge = LLPBeliefPropagation.Edge

  @Test func `agrees with sums over all labelings`() throws {
    let golden = try Golden<Case>("LLPBeliefPropagation")
    #expect(golden.cases.count == 4)
    for (index, found) in golden.cases.enumerated() {
      let options = found.options
      let labels = LLPBeliefPropagation(
        bagWeight: options.bagWeight, neighbourWeight: options.neighbourWeight,
        rounds: options.rounds, damping: options.damping
      ).pseudoLabels(
        bags: Bags(rows: found.bags), counts: found.counts,
        edges: found.edges.map { Edge(Int($0[0]), Int($0[1]), weight: $0[2]) })
      expectClose(labels, found.marginals, tolerance: 1e-11, "case \(index)")
    }
  }

  @Test func `a pure bag decides its rows`() {
    let labels = LLPBeliefPropagation(bagWeight: 50).pseudoLabels(
      bags: Bags(sizes: [3, 2]), counts: [3, 0], edges: [])
    expectClose(labels, [1, 1, 1, 0, 0], tolerance: 1e-9)
  }

  @Test func `equal rows share the count`() {
    let labels = LLPBeliefPropagation(bagWeight: 1e6).pseudoLabels(
      bags: Bags(sizes: [5]), counts: [2], edges: [])
    expectClose(labels, [Double](repeating: 0.4, count: 5), tolerance: 1e-9)
  }

  /// Two groups of similar rows; bags of unlike shares tell which is positive.
  @Test func `neighbours carry evidence from bag to bag`() {
    let rows = [[0, 1, 2, 3, 10], [4, 5, 11, 12, 13], [6, 7, 8, 14, 15], [9, 16, 17, 18, 19]]
    var edges: [Edge] = []
    for group in [0..<10, 10..<20] {
      for (row, next) in zip(group, group.dropFirst()) { edges.append(Edge(row, next)) }
    }
    let labels = LLPBeliefPropagation(neighbourWeight: 3).pseudoLabels(
      bags: Bags(rows: rows), counts: [4, 2, 3, 1], edges: edges)
    for row in 0..<20 { #expect((labels[row] > 0.5) == (row < 10), "\(row): \(labels[row])") }
  }

  @Test func `stays finite at extreme weights`() {
    for weight in [0.0, 1e-9, 1e3, 1e9] {
      let labels = LLPBeliefPropagation(bagWeight: weight, neighbourWeight: weight).pseudoLabels(
        bags: Bags(sizes: [4, 3]), counts: [1, 9], edges: [Edge(0, 4), Edge(1, 5, weight: -1)])
      #expect(labels.allSatisfy { (0...1).contains($0) }, "\(weight)")
    }
  }

  @Test func `large bags stay exact`() {
    let labels = LLPBeliefPropagation(bagWeight: 2).pseudoLabels(
      bags: Bags(sizes: [600]), counts: [150], edges: [])
    // Symmetric, and the count is 150 up to the width of the potential.
    expectClose(labels, [Double](repeating: labels[0], count: 600), tolerance: 1e-9)
    expectClose(labels[0], 0.25, tolerance: 0.002)
  }

  @Test func `neighbours are the nearest by cosine`() throws {
    let edges = try LLPBeliefPropagation.neighbours(
      of: Tensor(rows: [[1.0, 0], [3, 0.1], [0, 1], [0.1, 5]]), count: 1)
    #expect(edges == [Edge(0, 1), Edge(2, 3)])
  }

  @Test func `traps on an edge of a row with itself`() async {
    await #expect(processExitsWith: .failure) {
      _ = LLPBeliefPropagation().pseudoLabels(
        bags: Bags(sizes: [2]), counts: [1], edges: [.init(1, 1)])
    }
  }
}

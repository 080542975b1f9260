import Foundation
import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct MEOWLossTests {
  private struct Options: Decodable {
    let temperature: Double
    let prototypeWeight: Double
    let assignments: [[Int]]
    let prototypes: [[[Double]]]
    let concentrations: [[Double]]

    var clusters: [NodeClusters] {
      assignments.indices.map {
        NodeClusters(
          assignments: assignments[$0], prototypes: Tensor(rows: prototypes[$0]),
          concentrations: Tensor(concentrations[$0]))
      }
    }
  }

  @Test func `weighted contrast agrees with the authors' formulas`() throws {
    try PairLossChecks.agreesWithTheGolden("MEOWLoss", Options.self, cases: 5) { options in
      {
        MEOWLoss(temperature: options.temperature, prototypeWeight: options.prototypeWeight)(
          coarse: $0[0], fine: $0[1], clusters: options.clusters)
      }
    }
  }

  @Test func `clusters have no gradient`() throws {
    let views = PairLossChecks.matrices([(3, 2), (3, 2), (2, 2)], seed: 3).map { Tensor(rows: $0) }
    let prototypes = views[2].requiringGradient()
    let spreads = Tensor([0.5, 0.7]).requiringGradient()
    let loss = MEOWLoss()(
      coarse: views[0].requiringGradient(), fine: views[1],
      clusters: [
        .init(assignments: [0, 1, 1], prototypes: prototypes, concentrations: spreads)
      ])
    #expect(
      try gradients(of: loss, withRespectTo: [prototypes, spreads]).allSatisfy {
        $0 == nil || $0!.doubles().allSatisfy { $0 == 0 }
      })
  }

  @Test func `a temperature of 0 is refused`() async {
    await #expect(processExitsWith: .failure) { _ = MEOWLoss(temperature: 0) }
  }
}

@Suite struct NodeClustersTests {
  /// Three directions in the plane with nodes around each.
  private static let points: Tensor = {
    let angles = (0..<30).map { Double($0 % 3) * 2 + Double($0) / 300 }
    return Tensor.stacked([Tensor(angles).cosine(), Tensor(angles).sine()], along: 1)
  }()

  @Test func `nodes of the same direction share a cluster`() throws {
    // A bad start may end in another division: the best of a few.
    let found = (0..<5).map {
      NodeClusters(of: Self.points, count: 3, temperature: 0.4, seed: $0)
    }
    let best = found.first { Set($0.assignments.prefix(3)).count == 3 }
    let clusters = try #require(best)
    for node in 3..<30 {
      #expect(clusters.assignments[node] == clusters.assignments[node - 3])
    }
    expectClose(clusters.prototypes.norm(along: 1).doubles(), [1, 1, 1], tolerance: 1e-12)
    let mean = clusters.concentrations.doubles().reduce(0, +) / 3
    expectClose(mean, 0.4, tolerance: 1e-12)
  }

  @Test func `the spread is the mean distance over a logarithm of the size`() {
    // Every node a cluster: no distance at all.
    let alone = NodeClusters(of: Self.points[0..<3], count: 3, temperature: 0.4, seed: 1)
    #expect(Set(alone.assignments) == [0, 1, 2])
    expectClose(alone.concentrations.doubles(), [0.4, 0.4, 0.4], tolerance: 1e-12)
    // A narrow cluster of three and a wide one of two, by hand.
    let angles = Tensor([0, 0.1, 0.2, 3, 3.4])
    let points = Tensor.stacked([angles.cosine(), angles.sine()], along: 1)
    let found = (0..<9).map { NodeClusters(of: points, count: 2, temperature: 1, seed: $0) }
      .first { $0.assignments[0] == $0.assignments[2] && $0.assignments[3] == $0.assignments[4] }
    let spreads = found?.concentrations.doubles().sorted() ?? []
    // The chords of half the angle: two of 2 sin(0.05) and one of 0, two of 2 sin(0.1).
    let narrow = 2.0 / 3 * 2 * sin(0.05) / log(8.0)
    let wide = 2 * sin(0.1) / log(7.0)
    let mean = (narrow + wide) / 2
    expectClose(spreads, [narrow / mean, wide / mean], tolerance: 1e-9)
  }
}

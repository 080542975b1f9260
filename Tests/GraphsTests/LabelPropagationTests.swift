import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct LabelPropagationTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let steps: Int
    let share: Double
  }

  @Test func `label propagation agrees with PyTorch Geometric`() throws {
    try PairLossChecks.agreesWithTheGolden(
      "LabelPropagation", Options.self, cases: 6
    ) { options in
      {
        let spread = LabelPropagation(share: options.share, steps: options.steps)
        return weighted(
          try spread($0[0], over: options.graph.propagation(addingLoops: false)), $0[1])
      }
    }
  }

  @Test func `known classes are rows with a 1`() {
    let known = LabelPropagation.known([2, 0, 1], nodes: [0, 2], classCount: 3)
    expectClose(
      known.converted(to: .float64), Tensor(rows: [[0.0, 0, 1], [0, 0, 0], [0, 1, 0]]))
  }

  @Test func `the propagation of labels has no self-loops`() throws {
    let graph = try GoldenGraph(nodes: 3, edges: [[0, 1], [1, 1]]).graph()
    let matrix = LabelPropagation.propagation(of: graph)
    #expect(matrix.places.columns.array(of: Int32.self) == [1, 0])
    #expect(matrix.values?.doubles() == [1, 1])
  }
}

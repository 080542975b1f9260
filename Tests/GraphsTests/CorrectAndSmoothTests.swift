import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct CorrectAndSmoothTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let classes: [Int]
    let known: [Int]
    let share: Double
    let steps: Int
    let scale: Double?
  }

  @Test func `correction and smoothing agree with PyTorch Geometric`() throws {
    try PairLossChecks.agreesWithTheGolden(
      "CorrectAndSmooth", Options.self, cases: 4
    ) { options in
      {
        let step = LabelPropagation(share: options.share, steps: options.steps)
        let correct = CorrectAndSmooth(correction: step, smoothing: step, scale: options.scale)
        return weighted(
          try correct(
            $0[0], classes: options.classes, known: options.known,
            over: options.graph.propagation(addingLoops: false)), $0[1])
      }
    }
  }
}

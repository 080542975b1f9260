import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct RandomWalkEncodingTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let steps: Int
  }

  @Test func `probabilities of return agree with PyTorch Geometric`() throws {
    try PairLossChecks.agreesWithTheGolden("RandomWalkEncoding", Options.self, cases: 3) {
      options in
      {
        weighted(
          RandomWalkEncoding(steps: options.steps)(try options.graph.graph(), dtype: .float64),
          $0[0])
      }
    }
  }

  @Test func `no steps are refused`() async {
    await #expect(processExitsWith: .failure) { _ = RandomWalkEncoding(steps: 0) }
  }
}

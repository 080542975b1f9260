import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct DAGNNTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let hops: Int
  }

  @Test func `gated hops agree with the authors' layer`() throws {
    try agreeWithTheGolden("DAGNN", Options.self, cases: 6) { options, inputs in
      let network = DAGNN(
        perceptron(inputs), gate: inputs[3], gateBias: inputs[4][0], hops: options.hops)
      let outputs = try network(
        .dense(inputs[0]), over: options.graph.propagation(addingLoops: true))
      return (
        weighted(outputs, inputs[5]),
        [inputs[0]] + network.parameters.map(\.tensor) + [inputs[5]]
      )
    }
  }
}

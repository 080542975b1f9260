import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct GraphonTests {
  private struct Case: Decodable {
    let graphs: [GoldenGraph]
    let probabilities: [[Double]]
    let resized: [[Double]]
  }

  @Test func `blocks agree with numpy and their sizes with PyTorch's interpolation`() throws {
    let golden = try Golden<Case>("Graphon")
    #expect(golden.cases.count == 5)
    for (index, example) in golden.cases.enumerated() {
      let graphon = Graphon(estimatedFrom: try example.graphs.map { try $0.graph() })
      expectClose(
        graphon.probabilities, Tensor(rows: example.probabilities), tolerance: 1e-12,
        "case \(index)")
      expectClose(
        graphon.resized(to: example.resized.count).probabilities, Tensor(rows: example.resized),
        tolerance: 1e-12, "case \(index), resized")
    }
  }
}

import Graphs
import Storage
import TestSupport
import Testing
import Torch

/// A graph of a golden file.
struct GoldenGraph: Decodable {
  let nodes: Int
  let edges: [[Int]]

  func graph() throws -> Graph {
    try Graph(nodeCount: nodes, edges: edges.map { (source: $0[0], target: $0[1]) })
  }
}

/// The weighted sum of outputs that the goldens take, so that every output counts.
func weighted(_ outputs: Tensor, _ factors: Tensor) -> Tensor { (outputs * factors).sum() }

extension GoldenGraph {
  /// Exact values: those of a graph are float32, which a golden file's are not.
  func propagation(addingLoops: Bool) throws -> SparseMatrix {
    let graph = addingLoops ? try graph().addingSelfLoops() : try graph()
    let degrees = graph.degrees
    var values: [Double] = []
    for node in 0..<graph.nodeCount {
      for source in graph.neighbours.columns(ofRow: node) {
        values.append(1 / Double(degrees[node] * degrees[Int(source)]).squareRoot())
      }
    }
    return SparseMatrix(SparsePlaces(graph.neighbours), values: Tensor(values))
  }

  func means() throws -> SparseMatrix {
    let graph = try graph()
    let degrees = graph.degrees
    let places = SparsePlaces(graph.neighbours)
    let values = (0..<graph.nodeCount).flatMap { node in
      [Double](repeating: 1 / Double(max(degrees[node], 1)), count: degrees[node])
    }
    return SparseMatrix(places, values: Tensor(values))
  }
}

/// A value, and the tensor of the layer that holds each input.
typealias LayerResult = (value: Tensor, holders: [Tensor])

/// Value and gradients are those of the golden file `name`.
///
/// A layer copies its weights, so that `make` names the tensor that each input has become.
func agreeWithTheGolden<Options: Decodable>(
  _ name: String, _ type: Options.Type, cases: Int, testFile: String = #filePath,
  _ make: (Options, [Tensor]) throws -> LayerResult
) throws {
  let golden = try Golden<PairCase<Options>>(name, testFile: testFile)
  #expect(golden.cases.count == cases)
  for (index, found) in golden.cases.enumerated() {
    let inputs = found.inputs.map { Tensor(rows: $0).requiringGradient() }
    let (value, holders) = try make(found.options, inputs)
    expectClose(value.scalar, found.value, tolerance: 1e-11, "\(name), case \(index)")
    let slopes = try gradients(of: value, withRespectTo: holders)
    for (place, (slope, expected)) in zip(slopes, found.gradients).enumerated() {
      let expected = Array(expected.joined())
      expectClose(
        slope?.doubles() ?? [Double](repeating: 0, count: expected.count), expected,
        tolerance: 1e-11, "\(name), case \(index), gradient of input \(place)")
    }
  }
}

/// The perceptron of one layer that the goldens of networks have: inputs 1 and 2.
func perceptron(_ inputs: [Tensor]) -> NodePerceptron {
  NodePerceptron(layers: [(inputs[1], inputs[2][0])], dropout: 0, generator: Generator(seed: 0))
}

import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct NodeTrainingTests {
  /// Two groups of nodes, joined within and hardly between; features tell nothing.
  private static func groups() throws -> (Graph, [Int]) {
    var random = SplitMix64(5)
    var edges: [(source: Int, target: Int)] = []
    for node in 0..<60 {
      for _ in 0..<4 { edges.append((node, node / 30 * 30 + random.below(30))) }
    }
    edges.append((0, 59))
    return (
      try Graph(nodeCount: 60, edges: edges.filter { $0.source != $0.target }),
      (0..<60).map { $0 / 30 }
    )
  }

  @Test func `a network learns the groups of a graph from two nodes of each`() throws {
    let (graph, classes) = try Self.groups()
    let identity = CSRMatrix(rows: (0..<60).map { [$0] }, columnCount: 60)
    let features = NodeFeatures.sparse(SparseMatrix(identity))
    let network = GraphNetwork(
      convolutionsFrom: 60, to: 2, dropout: 0.3, generator: Generator(seed: 1))
    let propagation = GraphNetwork<GraphConvolution>.propagation(of: graph)
    let outcome = try NodeTraining(epochs: 100, patience: 30)(
      network, features: features, over: propagation, classes: classes, train: [0, 1, 30, 31],
      validation: [2, 3, 32, 33])
    #expect(outcome.validationAccuracy == 1)
    #expect(outcome.bestEpoch > 0 && outcome.epochs <= 100)
    let others = (0..<60).filter { $0 % 30 > 3 }
    let accuracy = try NodeTraining.accuracy(
      of: network, features: features, over: propagation, classes: classes, nodes: others)
    #expect(accuracy > 0.95)
    #expect(!network.isTraining)
  }

  @Test func `the best epoch's parameters are kept`() throws {
    let (graph, classes) = try Self.groups()
    let identity = CSRMatrix(rows: (0..<60).map { [$0] }, columnCount: 60)
    let features = NodeFeatures.sparse(SparseMatrix(identity))
    let network = GraphNetwork(
      convolutionsFrom: 60, to: 2, dropout: 0, generator: Generator(seed: 1))
    let propagation = GraphConvolution.propagation(of: graph)
    let truth = Tensor([0, 0, 1, 1] as [Int64])
    var epoch = 0
    // From epoch 30 on it unlearns.
    let outcome = try NodeTraining(epochs: 60, learningRate: 0.05, patience: 60)(
      network, features: features, over: propagation, classes: classes, train: [0, 1, 30, 31],
      validation: [2, 3, 32, 33]
    ) { scores, _ in
      epoch += 1
      return scores.crossEntropy(ofClasses: truth) * (epoch < 30 ? 1 : -1)
    }
    #expect(outcome.validationAccuracy == 1 && outcome.bestEpoch < 50 && outcome.epochs == 60)
    let accuracy = try NodeTraining.accuracy(
      of: network, features: features, over: propagation, classes: classes,
      nodes: [2, 3, 32, 33])
    #expect(accuracy == 1)
  }
}

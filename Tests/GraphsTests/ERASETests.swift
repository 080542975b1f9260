import Foundation
import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ERASETests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let classes: [Int]
    let known: [Int]
    let classCount: Int
    let squaredPrecision: Double
    let compressionWeight: Double
    let expansionWeight: Double
    let ownShare: Double
    let knownShare: Double
    let steps: Int
    let labels: [Int64]
    let denoised: [[Double]]

    var method: ERASE {
      ERASE(
        squaredPrecision: squaredPrecision, compressionWeight: compressionWeight,
        expansionWeight: expansionWeight, ownShare: ownShare, knownShare: knownShare, steps: steps)
    }
  }

  @Test func `labels and rates agree with the equations in PyTorch`() throws {
    for example in try Golden<PairCase<Options>>("ERASE").cases {
      let options = example.options
      let graph = try options.graph.graph()
      let denoised = try options.method.denoised(
        options.classes, known: options.known, classCount: options.classCount, in: graph)
      expectClose(denoised.doubles(), Array(options.denoised.joined()), tolerance: 1e-6)
      let labels = try options.method.labels(
        of: Tensor(rows: example.inputs[0]).converted(to: .float32), denoised: denoised,
        known: options.known, over: ERASE.propagation(of: graph))
      #expect(labels.array() == options.labels)
    }
    try PairLossChecks.agreesWithTheGolden("ERASE", Options.self, cases: 4) { options in
      { try options.method(embeddings: $0[0], labels: Tensor(options.labels)) }
    }
  }

  @Test func `labels take a known wrong label back to its neighbours' class`() throws {
    // Two groups of five, each with all edges; node 4 has the other group's class.
    let edges = [0, 5].flatMap { first in
      (first..<(first + 5)).flatMap { a in (a + 1..<first + 5).map { (a, $0) } }
    }
    let graph = try Graph(nodeCount: 10, edges: edges.map { (source: $0.0, target: $0.1) })
    let given = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    let denoised = try ERASE().denoised(
      given, known: Array(0..<10), classCount: 2, in: graph)
    #expect(denoised.argmax(along: 1).array() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1] as [Int64])
    // Columns of A D⁻¹ sum to 1, so that spreading keeps the number of labels.
    expectClose(denoised.sum().scalar, 10, tolerance: 1e-5)
  }

  @Test func `the rate is that of orthogonal rows by hand`() throws {
    // Two unit rows of two classes: I + s ZᵀZ = (1 + s) I with s = D / (N ε) = 2 / (2 · 0.5).
    let rows = Tensor(rows: [[1.0, 0], [0, 1]])
    let loss = try ERASE(squaredPrecision: 0.5, expansionWeight: 3)(
      embeddings: rows, labels: Tensor([0, 1] as [Int64]))
    // ρ(Z) = log 3; each class: s = 4, half its rows, ½ log 5.
    expectClose(loss.scalar, -3 * log(3) + 0.5 * log(5), tolerance: 1e-12)
    // A class number without rows changes nothing.
    let other = try ERASE(squaredPrecision: 0.5, expansionWeight: 3)(
      embeddings: rows, labels: Tensor([4, 1] as [Int64]))
    expectClose(other.scalar, loss.scalar, tolerance: 1e-12)
  }

  @Test func `training beats the noise in a graph of two groups`() throws {
    var random = SplitMix64(5)
    let truth = (0..<60).map { $0 / 30 }
    var edges: [(source: Int, target: Int)] = []
    for node in 0..<60 {
      for _ in 0..<4 { edges.append((node, node / 30 * 30 + random.below(30))) }
    }
    let graph = try Graph(nodeCount: 60, edges: edges.filter { $0.source != $0.target })
    let train = (0..<60).filter { $0 % 3 == 0 }
    var given = truth
    for node in [0, 9, 30, 45] { given[node] = 1 - truth[node] }
    let network = NormalizedAttention(
      from: 60, heads: 2, headWidth: 4, to: 8, generator: Generator(seed: 1))
    let features = NodeFeatures.sparse(
      SparseMatrix(CSRMatrix(rows: (0..<60).map { [$0] }, columnCount: 60)))
    let outcome = try ERASE().train(
      network, features: features, over: NormalizedAttention.propagation(of: graph), in: graph,
      classes: given, classCount: 2, train: train, validation: [1, 2, 31, 32],
      training: NodeTraining(epochs: 40, learningRate: 0.01, penalized: "", patience: 40))
    #expect(outcome.training.validationAccuracy == 1 && !network.isTraining)
    let wrong = zip(outcome.labels, truth).count { $0 != $1 }
    #expect(wrong <= 2, "\(wrong) labels are wrong after the training")
  }

  @Test func `traps on labels that are not one a row`() async {
    await #expect(processExitsWith: .failure) {
      _ = try ERASE()(embeddings: .zeros([2, 2]), labels: Tensor([0] as [Int64]))
    }
  }
}

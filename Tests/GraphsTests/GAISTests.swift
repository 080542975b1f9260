import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct GAISTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let heads: Int
  }

  @Test func `importance agrees with PyTorch Geometric's attention`() throws {
    try agreeWithTheGolden("GAIS", Options.self, cases: 4) { options, inputs in
      let layer = GraphAttention(
        .init(inputs: 3, outputs: 2, heads: options.heads), weight: inputs[1], receiver: inputs[2],
        sender: inputs[3], bias: .zeros([2 * options.heads], dtype: .float64),
        generator: Generator(seed: 0))
      let importance = try GAIS.importance(
        layer, .dense(inputs[0]), over: GraphAttention.propagation(of: options.graph.graph()))
      return (
        weighted(importance, inputs[4][0]),
        [inputs[0], layer.weight, layer.receiver, layer.sender, inputs[4]]
      )
    }
  }

  @Test func `batches have the classes in their shares`() {
    let classes = (0..<100).map { $0 % 10 == 0 ? 1 : 0 }
    var random = SplitMix64(3)
    let batches = InstanceGroups.strata(
      of: .zeros([100, 2]), classes: classes, size: 20, using: &random)
    #expect(batches.map(\.count) == [20, 20, 20, 20, 20])
    #expect(batches.allSatisfy { $0.count { classes[$0] == 1 } == 2 })
    #expect(batches.joined().sorted() == Array(0..<100))
    #expect(batches[0] != batches[0].sorted())
  }

  @Test func `buckets of a fine level are parts of a coarse one's`() {
    let features = Tensor.normal([60, 4], generator: Generator(seed: 1))
    var random = SplitMix64(5)
    let buckets = InstanceGroups.hashes(planes: [1, 3], views: 2)(
      of: features, classes: [Int](repeating: 0, count: 60), size: 60, using: &random)
    // A view begins with two halves.
    let starts = buckets.indices.filter { place in
      place + 1 < buckets.count && buckets[place].count + buckets[place + 1].count == 60
        && Set(buckets[place] + buckets[place + 1]).count == 60
    }
    #expect(starts.count == 2 && starts.first == 0)
    for (start, end) in zip(starts, starts.dropFirst() + [buckets.count]) {
      let fine = buckets[(start + 2)..<end]
      #expect(fine.joined().sorted() == Array(0..<60))
      #expect(fine.count > 2)
      let halves = [Set(buckets[start]), Set(buckets[start + 1])]
      let isNested = fine.allSatisfy { part in
        halves[0].isSuperset(of: part) || halves[1].isSuperset(of: part)
      }
      #expect(isNested)
    }
    #expect(Set(buckets[starts[0]]) != Set(buckets[starts[1]]))
  }

  @Test func `each instance is linked to its nearest of the group`() throws {
    let features = Tensor.normal([30, 3], generator: Generator(seed: 2))
    let rows = (0..<30).map { features[$0].doubles() }
    var random = SplitMix64(1)
    let graph = try GAIS(groupSize: 30, neighbours: 3).graph(
      of: features, classes: [Int](repeating: 0, count: 30), using: &random)
    let nearest = (0..<30).map { node in
      (0..<30).filter { $0 != node }.sorted {
        Loops.distance(rows[node], rows[$0]) < Loops.distance(rows[node], rows[$1])
      }.prefix(3)
    }
    for node in 0..<30 {
      let linked = (0..<30).filter { nearest[node].contains($0) || nearest[$0].contains(node) }
      #expect(graph.neighbours.columns(ofRow: node).map(Int.init) == linked)
    }
  }

  @Test func `the highest scores of each class are kept`() {
    let scores = [0.1, 0.9, 0.5, 0.5, 0.2, 0.3]
    #expect(GAIS.kept(scores, classes: [0, 0, 0, 0, 1, 1], share: 0.5) == [1, 2, 5])
    #expect(GAIS.kept(scores, classes: [0, 0, 0, 0, 1, 1], share: 0) == [1, 5])
    #expect(GAIS.kept(scores, classes: [0, 0, 0, 0, 1, 1], share: 1) == Array(0..<6))
  }

  @Test func `the confident instances are not those with a wrong class`() throws {
    let truth = (0..<120).map { $0 % 3 }
    let centres = Tensor(rows: [[4, 0], [0, 4], [-4, -4]] as [[Float]])
    let features =
      Tensor.normal([120, 2], generator: Generator(seed: 4))
      + centres.gathered(rows: Tensor(truth))
    let wrong = Set(0..<9)
    let given = truth.indices.map { wrong.contains($0) ? (truth[$0] + 1) % 3 : truth[$0] }
    let kept = try GAIS(
      groupSize: 40, keptShare: 0.1, score: .confidence,
      training: NodeTraining(epochs: 40, weightPenalty: 0))(
        features: features, classes: given, classCount: 3, seed: 7)
    #expect(wrong.isDisjoint(with: kept), "\(kept)")
  }

  @Test(arguments: GAIS.Score.allCases)
  func `a selection keeps few of each class and repeats itself`(_ score: GAIS.Score) throws {
    let classes = (0..<120).map { $0 % 3 }
    let centres = Tensor(rows: [[3, 0], [0, 3], [-3, -3]] as [[Float]])
    let features =
      Tensor.normal([120, 2], generator: Generator(seed: 4))
      + centres.gathered(rows: Tensor(classes.map(Int64.init)))
    let method = GAIS(
      groupSize: 40, keptShare: 0.1, score: score,
      training: NodeTraining(epochs: 10, weightPenalty: 0))
    func kept() throws -> [Int] {
      try method(features: features, classes: classes, classCount: 3, seed: 7)
    }
    let first = try kept()
    let counts = (0..<3).map { label in first.count { classes[$0] == label } }
    #expect(counts == [4, 4, 4])
    #expect(try kept() == first)
  }
}

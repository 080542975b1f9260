import Storage
import Streams
import TestSupport
import Testing

@Suite struct MultiLabelHoeffdingTreeTests {
  struct Case: Decodable {
    var features: StreamFeatures
    var labelCount: Int
    var featureCount: Int
    var rows: [StreamRow]
    var probabilities: [[Double]]
    var leaves: Int
  }

  @Test func `agrees with the batch definition over stored rows`() throws {
    for one in try streamCases(Case.self, "MultiLabelHoeffdingTree") {
      let tree = MultiLabelHoeffdingTree(
        labelCount: one.labelCount, features: one.features, featureCount: one.featureCount,
        configuration: .init(gracePeriod: 100, confidence: 0.1, tieThreshold: 0.15))
      var probabilities: [[Double]] = []
      for (index, row) in one.rows.enumerated() {
        if index % 40 == 39 { probabilities.append(tree.probabilities(row.example)) }
        tree.learn(row.example, labels: row.labels.map(Int.init))
      }
      #expect(tree.leafCount == one.leaves)
      expectClose(
        probabilities.flatMap { $0 }, one.probabilities.flatMap { $0 }, "\(one.features)")
    }
  }

  @Test(arguments: StreamFeatures.allCases) func `splits on the informative feature`(
    features: StreamFeatures
  ) {
    let tree = MultiLabelHoeffdingTree(labelCount: 2, features: features, featureCount: 3)
    var random = SplitMix64(6)
    for _ in 0..<3000 {
      let x = random.doubles(3).map { $0 > 0 ? $0 : 0 }
      let example = StreamExample(columns: [0, 1, 2], values: x, labels: [])
      tree.learn(example, labels: x[1] > 0 ? [0, 1] : [])
    }
    #expect(tree.leafCount > 1)
    for (value, expected) in [(0.0, 0.0), (0.9, 1.0)] {
      let example = StreamExample(columns: [0, 1, 2], values: [0.5, value, 0.5], labels: [])
      for p in tree.probabilities(example) { #expect(abs(p - expected) < 0.1) }
    }
  }

  @Test func `does not split on noise`() {
    let tree = MultiLabelHoeffdingTree(labelCount: 3, features: .sparse, featureCount: 20)
    var random = SplitMix64(6)
    for _ in 0..<2000 {
      let columns = (0..<Int32(20)).filter { _ in random.below(4) == 0 }
      let example = StreamExample(
        columns: columns, values: columns.map { _ in 1 }, labels: [])
      tree.learn(example, labels: (0..<3).filter { _ in random.below(2) == 0 })
    }
    #expect(tree.leafCount == 1)
  }

  @Test func `an empty leaf gives probability 0`() {
    let tree = MultiLabelHoeffdingTree(labelCount: 2, features: .dense, featureCount: 1)
    #expect(tree.probabilities(StreamExample(columns: [], values: [], labels: [])) == [0, 0])
  }

  @Test func `limits the number of leaves`() {
    let tree = MultiLabelHoeffdingTree(
      labelCount: 1, features: .sparse, featureCount: 12,
      configuration: .init(gracePeriod: 20, confidence: 0.9, tieThreshold: 1, leafLimit: 3))
    var random = SplitMix64(2)
    for _ in 0..<2000 {
      let columns = (0..<Int32(12)).filter { _ in random.below(2) == 0 }
      let example = StreamExample(
        columns: columns, values: columns.map { _ in 1 }, labels: [])
      tree.learn(example, labels: columns.count % 2 == 0 ? [0] : [])
    }
    #expect(tree.leafCount == 3)
  }

  @Test func `traps on grace period 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = MultiLabelHoeffdingTree(
        labelCount: 2, features: .sparse, featureCount: 2, configuration: .init(gracePeriod: 0))
    }
  }
}

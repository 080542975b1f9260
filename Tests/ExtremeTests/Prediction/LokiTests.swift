import Extreme
import Storage
import TestSupport
import Testing

@Suite struct LokiTests {
  private struct Case: Decodable {
    var kind: String
    var labels: Int
    var observed: [Int]
    var probabilities: [[Float]]
    var variances: [Double]
    var means: [[Int]]
    var nodes: Int?
    var edges: [[Int]]?
    var lengths: [Double]?
    var parents: [Int?]?
    var vectors: [Float]?
    var dimension: Int?
    var matrix: [Double]?

    func metric() throws -> any LabelMetric {
      switch kind {
      case "graph":
        try GraphLabelMetric(
          labelCount: labels, nodeCount: nodes, edges: #require(edges).map { ($0[0], $0[1]) },
          lengths: lengths)
      case "tree":
        try TreeLabelMetric(parents: #require(parents), lengths: lengths, labelCount: labels)
      case "vectors":
        try EmbeddingLabelMetric(vectors: #require(vectors), dimension: #require(dimension))
      case "matrix": try DenseLabelMetric(distances: #require(matrix), labelCount: labels)
      default: DiscreteLabelMetric(labelCount: labels)
      }
    }
  }

  /// The metric without its shorter way.
  private struct Plain: LabelMetric {
    var metric: any LabelMetric
    var labelCount: Int { metric.labelCount }
    func squaredDistances(from label: Int) -> [Double] { metric.squaredDistances(from: label) }
  }

  private func sparse(_ rows: [[Float]]) -> CSRMatrix {
    let filled = rows.map { row in row.indices.filter { row[$0] > 0 } }
    let pattern = CSRMatrix(rows: filled, columnCount: rows.first?.count ?? 0)
    return CSRMatrix(
      rowOffsets: pattern.rowOffsets, columns: pattern.columns,
      values: MappedArray(zip(rows, filled).flatMap { row, columns in columns.map { row[$0] } }),
      columnCount: pattern.columnCount)
  }

  @Test func `both algorithms agree with shortest paths in SciPy`() throws {
    let cases = try goldenCases("Loki", as: Case.self)
    #expect(cases.count == 10)
    for (number, example) in cases.enumerated() {
      let own = try example.metric()
      for metric in [own, Plain(metric: own)] {
        let means = try Loki(metric: metric, observed: example.observed)(
          sparse(example.probabilities))
        #expect(means.count == example.means.count)
        for (row, mean) in means.enumerated() {
          let mean = try #require(mean)
          #expect(
            example.means[row].contains(mean.label), "case \(number) \(example.kind), row \(row)")
          expectClose(mean.variance, example.variances[row], tolerance: 1e-9, "case \(number)")
        }
      }
    }
  }

  @Test func `the discrete metric gives the likeliest label`() throws {
    var random = SplitMix64(3)
    let rows = (0..<50).map { _ in (0..<7).map { _ in Float(random.below(4)) / 4 } }
    let means = try Loki(metric: DiscreteLabelMetric(labelCount: 7))(sparse(rows))
    let plain = try Loki(metric: Plain(metric: DiscreteLabelMetric(labelCount: 7)))(sparse(rows))
    for (row, mean) in zip(rows, means) {
      // The first of several.
      let largest = try #require(row.max())
      #expect(mean?.label == (largest > 0 ? row.firstIndex(of: largest) : nil))
    }
    #expect(means.map { $0?.label } == plain.map { $0?.label })
  }

  @Test func `predicts a label between observed ones`() throws {
    // 0 – 1 – 2, where 1 was never trained on: in the middle 1 is 1 away, an end 0 or 4.
    let path = try GraphLabelMetric(labelCount: 3, edges: [(0, 1), (1, 2)])
    let means = try Loki(metric: path, observed: [0, 2])(
      sparse([[0.5, 0.5], [0.8, 0.2], [0.7, 0.3], [1, 0]]))
    #expect(means.map { $0?.label } == [1, 0, 1, 0])
    expectClose(means.compactMap { $0?.variance }, [1, 0.8, 1, 0])
  }

  @Test func `a tree metric equals its graph metric`() throws {
    // Squares of path lengths, and the mean of any support among all labels, on random trees.
    for seed in 0..<40 {
      var random = SplitMix64(UInt64(seed))
      let nodes = 2 + random.below(30)
      let labels = 1 + random.below(nodes)
      let order = (0..<nodes).shuffled(using: &random)
      var parents = [Int?](repeating: nil, count: nodes)
      for place in 1..<nodes { parents[order[place]] = order[random.below(place)] }
      let lengths = (0..<nodes).map { _ in Double(1 + random.below(20)) / 4 }
      let tree = try TreeLabelMetric(parents: parents, lengths: lengths, labelCount: labels)
      let edges = parents.enumerated().compactMap { node, above in above.map { (node, $0) } }
      let graph = try GraphLabelMetric(
        labelCount: labels, nodeCount: nodes, edges: edges, lengths: edges.map { lengths[$0.0] })
      for label in 0..<labels {
        #expect(tree.squaredDistances(from: label) == graph.squaredDistances(from: label))
      }
      for _ in 0..<10 {
        let support = (0..<(1 + random.below(6))).map { _ in
          WeightedLabel(random.below(labels), weight: Double(1 + random.below(9)))
        }
        let mass = support.reduce(0) { $0 + $1.weight }
        let all = (0..<labels).map { label in
          support.reduce(0) {
            $0 + $1.weight / mass * graph.squaredDistances(from: $1.label)[label]
          }
        }
        let mean = try #require(tree.shortcut(to: support))
        expectClose(mean.variance, all.min() ?? .nan, tolerance: 1e-9, "seed \(seed)")
        expectClose(mean.variance, all[mean.label], tolerance: 1e-9, "seed \(seed)")
      }
    }
  }

  @Test func `builds a tree from names`() throws {
    let names = ["game::strategy", "game::puzzle", "devel", "devel::lang::c", "devel::lang::perl"]
    let tree = try TreeLabelMetric(names: names, separator: "::")
    #expect(tree.labelCount == 5)
    #expect(tree.squaredDistances(from: 0) == [0, 4, 9, 25, 25])
    #expect(tree.squaredDistances(from: 2) == [9, 9, 0, 4, 4])
    #expect(tree.squaredDistances(from: 3) == [25, 25, 4, 0, 4])
    #expect(throws: ValueError.self) { try TreeLabelMetric(names: ["a", "a"], separator: "/") }
  }

  @Test func `handles several blocks and empty rows`() throws {
    // So many labels that a block holds two rows.
    let labels = 1 << 19
    let path = DiscreteLabelMetric(labelCount: labels)
    let columns = [[0], [], [labels - 1], [5]]
    let means = try Loki(metric: Plain(metric: path))(
      CSRMatrix(rows: columns, columnCount: labels))
    #expect(means.map { $0?.label } == [0, nil, labels - 1, 5])
  }

  @Test func `rejects invalid metrics and probabilities`() throws {
    #expect(throws: ValueError.self) {
      try DenseLabelMetric(distances: [0, 1, 2, 0], labelCount: 2)
    }
    #expect(throws: ValueError.self) {
      try DenseLabelMetric(distances: [0, -1, -1, 0], labelCount: 2)
    }
    #expect(throws: ValueError.self) { try DenseLabelMetric(distances: [1], labelCount: 1) }
    #expect(throws: ValueError.self) { try DenseLabelMetric(distances: [0], labelCount: 2) }
    #expect(throws: ValueError.self) { try GraphLabelMetric(labelCount: 3, edges: [(0, 1)]) }
    #expect(throws: ValueError.self) { try GraphLabelMetric(labelCount: 2, edges: [(0, 2)]) }
    #expect(throws: ValueError.self) {
      try GraphLabelMetric(labelCount: 2, edges: [(0, 1)], lengths: [0])
    }
    #expect(throws: ValueError.self) { try TreeLabelMetric(parents: [nil, nil]) }
    #expect(throws: ValueError.self) { try TreeLabelMetric(parents: [nil, 2, 1]) }
    #expect(throws: ValueError.self) { try TreeLabelMetric(parents: [nil, 9]) }
    #expect(throws: ValueError.self) {
      try TreeLabelMetric(parents: [nil, 0], lengths: [1, .nan])
    }
    #expect(throws: ValueError.self) {
      try EmbeddingLabelMetric(vectors: [1, 2, 3], dimension: 2)
    }
    #expect(throws: ValueError.self) {
      try EmbeddingLabelMetric(vectors: [1, .infinity], dimension: 2)
    }
    let metric = DiscreteLabelMetric(labelCount: 3)
    #expect(throws: ValueError.self) { try Loki(metric: metric, observed: [0, 3]) }
    let loki = try Loki(metric: metric, observed: [0, 2])
    #expect(throws: ValueError.self) { try loki(sparse([[1, 1, 1]])) }
    func row(_ value: Float) -> CSRMatrix {
      CSRMatrix(
        rowOffsets: MappedArray([0, 1]), columns: MappedArray([1]), values: MappedArray([value]),
        columnCount: 2)
    }
    #expect(try loki(row(0.5)).first??.label == 2)
    for value in [-0.1, .nan, .infinity] as [Float] {
      #expect(throws: ValueError.self) { try loki(row(value)) }
    }
  }
}

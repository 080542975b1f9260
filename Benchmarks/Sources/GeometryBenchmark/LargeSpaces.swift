import Extreme
import Foundation
import Storage

/// Prints the CPU milliseconds for the Fréchet mean of a hundred labels in large label spaces.
func timeLargeSpaces() throws {
  var random = SplitMix64(1)
  func rows(_ count: Int, labels: Int) -> CSRMatrix {
    CSRMatrix(
      rows: (0..<count).map { _ in
        Set((0..<100).map { _ in Int.random(in: 0..<labels, using: &random) }).sorted()
      }, columnCount: labels)
  }
  func measure(_ name: String, _ metric: any LabelMetric, documents: Int) throws {
    let loki = try Loki(metric: metric)
    let probabilities = rows(documents, labels: metric.labelCount)
    let begun = clock()
    let found = try loki(probabilities).count
    let milliseconds = Double(clock() - begun) * 1000 / Double(CLOCKS_PER_SEC) / Double(found)
    print("| \(name) | \(metric.labelCount) | \(String(format: "%.3f", milliseconds)) |")
  }
  print("| metric | labels | processor ms a document |")
  print("|---|---|---|")
  for labels in [14_673, 1_300_000] {
    // A tree with 32 branches per node, like a hierarchy of topics.
    let parents = (0..<labels).map { $0 == 0 ? nil : ($0 - 1) / 32 }
    try measure("tree", TreeLabelMetric(parents: parents), documents: 2_000)
    let vectors = (0..<(labels * 64)).map { _ in Float.random(in: -1...1, using: &random) }
    try measure(
      "vectors of 64 numbers", EmbeddingLabelMetric(vectors: vectors, dimension: 64),
      documents: labels > 100_000 ? 20 : 200)
    let edges = (1..<labels).map { ($0, ($0 - 1) / 32) }
    try measure(
      "graph of hops", GraphLabelMetric(labelCount: labels, edges: edges),
      documents: labels > 100_000 ? 2 : 50)
  }
}

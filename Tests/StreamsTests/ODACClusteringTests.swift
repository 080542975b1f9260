import Storage
import Streams
import TestSupport
import Testing

@Suite struct ODACClusteringTests {
  struct Case: Decodable {
    var labelCount: Int
    var rows: [[Int32]]
    var partitions: [[[Int32]]]
    var changes: [String]
  }

  private func text(_ index: Int, _ change: ODACClustering.Change) -> String {
    let numbers =
      switch change {
      case .split(let number, let children): (["split"], [number] + children)
      case .merge(let children, let number): (["merge"], children + [number])
      }
    return (["\(index)"] + numbers.0 + numbers.1.map(String.init)).joined(separator: " ")
  }

  @Test func `agrees with the batch definition over stored rows`() throws {
    for one in try streamCases(Case.self, "ODACClustering") {
      var clustering = ODACClustering(labelCount: one.labelCount)
      var changes: [String] = []
      var partitions: [[[Int32]]] = []
      for (index, row) in one.rows.enumerated() {
        changes += clustering.add(row).map { text(index, $0) }
        if index % 300 == 299 { partitions.append(clustering.clusters.map(\.labels)) }
      }
      #expect(changes == one.changes)
      #expect(partitions == one.partitions)
    }
  }

  /// Two groups of labels that never meet.
  private func groups(_ count: Int, seed: UInt64) -> [[Int32]] {
    var random = SplitMix64(seed)
    return (0..<count).map { _ in
      let first: [Int32] = [0, 2, 4]
      let second: [Int32] = [1, 3, 5]
      return (random.below(2) == 0 ? first : second).filter { _ in random.below(3) > 0 }
    }
  }

  @Test func `separates labels that never co-occur`() {
    var clustering = ODACClustering(labelCount: 8)
    for row in groups(1000, seed: 4) { _ = clustering.add(row) }
    let clusters = clustering.clusters.map(\.labels)
    #expect(clusters.flatMap { $0 }.sorted() == [0, 1, 2, 3, 4, 5, 6, 7])
    for pair in [[0, 2, 4], [1, 3, 5]] as [[Int32]] {
      #expect(clusters.contains { Set($0).isSuperset(of: pair) })
    }
    #expect(clusters.count == 2)
  }

  /// ODAC's own rule: the pivots never meet again, so that ours keeps the clusters apart.
  @Test func `merges a cluster wider than its parent`() {
    var clustering = ODACClustering(labelCount: 4)
    // Jaccard distances of 0 within 0, 1 and within 2, 3, and of 0.6 between them.
    let near: [[Int32]] = [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1], [0, 1], [2, 3]]
    let split = (0..<200).flatMap { clustering.add(near[$0 % 5]) }
    #expect(split == [.split(0, into: [1, 2])])
    #expect(clustering.clusters.map(\.labels) == [[0, 1], [2, 3]])
    let apart: [[Int32]] = [[0], [1], [2, 3]]
    let merge = (0..<100).flatMap { clustering.add(apart[$0 % 3]) }
    #expect(merge == [.merge([1, 2], into: 3)])
    #expect(clustering.clusters.map(\.labels) == [[0, 1, 2, 3]])
  }

  @Test func `the pair limit bounds memory`() {
    var random = SplitMix64(9)
    var clustering = ODACClustering(
      labelCount: 300, configuration: .init(support: 1_000_000, pairLimit: 500))
    for _ in 0..<400 {
      _ = clustering.add(Set((0..<8).map { _ in Int32(random.below(300)) }).sorted())
      #expect(clustering.pairCount <= 500)
    }
  }

  @Test func `a restart keeps the partition until new evidence`() {
    var clustering = ODACClustering(labelCount: 6)
    for row in groups(1000, seed: 4) { _ = clustering.add(row) }
    let before = clustering.clusters.map(\.labels)
    clustering.restart()
    #expect(clustering.pairCount == 0)
    #expect(clustering.clusters.map(\.labels) == before)
    let changes = groups(99, seed: 5).flatMap { clustering.add($0) }
    #expect(changes.isEmpty)
  }

  @Test func `labels without support never decide`() {
    var clustering = ODACClustering(labelCount: 6, configuration: .init(support: 100_000))
    let changes = groups(2000, seed: 4).flatMap { clustering.add($0) }
    #expect(changes.isEmpty)
  }

  @Test func `traps on confidence 1`() async {
    await #expect(processExitsWith: .failure) {
      _ = ODACClustering(labelCount: 2, configuration: .init(confidence: 1))
    }
  }
}

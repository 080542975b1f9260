import Datasets
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct HypergraphFolderTests {
  private func folder(_ hyperedges: String?) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("1 1:1\n0 0:1 2:0.5\n- 1:2\n", to: "nodes.svm")
    try folder.write("TE\nET\nEE\n", to: "splits10.txt")
    if let hyperedges { try folder.write(hyperedges, to: "hyperedges.tsv") }
    return folder
  }

  @Test func `reads nodes, hyperedges, classes and splits`() throws {
    let folder = try folder("2\t0\n1\n0\t1\t2\r\n")
    let data = try HypergraphFolder(path: folder.path).read()
    #expect(
      data.hypergraph == (try Hypergraph(nodeCount: 3, hyperedges: [[0, 2], [1], [0, 1, 2]])))
    #expect(data.features.columnCount == 3 && data.classNames == ["0", "1"])
    #expect(data.firstClasses == [1, 0, -1] && data.labelled([0, 1, 2]) == [0, 1])
    #expect(data.splits == [.init(train: [0], test: [1, 2]), .init(train: [1], test: [0, 2])])
  }

  @Test(arguments: [
    ("0\t1\n1\t3\n", "hyperedges.tsv:2:3: a node is 3; expected at most 2"),
    ("0\t1\n1\t2\t1\n", "hyperedges.tsv:2:5: node 1 appears a second time"),
    ("0 1\n", "hyperedges.tsv:1:3"), ("0\n\n", "hyperedges.tsv:2:1: the text ends too early"),
    ("0\t\n", "hyperedges.tsv:1:3"),
  ])
  func `refuses a fault with its place`(text: String, expected: String) throws {
    let folder = try folder(text)
    #expect {
      try HypergraphFolder(path: folder.path).read()
    } throws: { "\($0)".contains(expected) }
  }

  @Test func `a folder without hyperedges names the files`() throws {
    let folder = try folder(nil)
    #expect {
      try HypergraphFolder(path: folder.path).read()
    } throws: {
      "\($0)".contains("there is no hyperedges.tsv; expected nodes.svm and hyperedges.tsv")
    }
  }

  @Test(
    .enabled(if: SharedData.has("hypergraph-cora-coauthor")),
    arguments: [
      ("hypergraph-cora-coauthor", 2708, 1072, 2388, 140),
      ("hypergraph-citeseer-cocite", 3312, 1079, 1458, 138),
    ])
  func `reads the hypergraphs of HyperGCN`(
    name: String, nodes: Int, hyperedges: Int, joined: Int, train: Int
  ) throws {
    let data = try HypergraphFolder(path: SharedData.path(name)).read()
    #expect(data.hypergraph.nodeCount == nodes && data.hypergraph.hyperedgeCount == hyperedges)
    #expect(data.hypergraph.degrees.count { $0 > 0 } == joined)
    #expect(data.splits.map(\.train.count) == [Int](repeating: train, count: 10))
  }
}

import Datasets
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct HeterogeneousFolderTests {
  private static let files = [
    "labels.txt": "1\n0\n1\n", "pa.tsv": "0\t0\n0\t1\n1\t1\n2\t2\n", "ps.tsv": "0\t0\n1\t0\n2\t3\n",
    "p_feat.svm": "0 0:1\n0 2:0.5\n0 1:1\n", "a_feat.dense.tsv": "1\t-2\n0.5\t0\n3\t4\n",
    "splits.tsv": "train_20\t0\nval_20\t1\ntest_20\t2\ntrain_40\t1\n",
  ]

  private func folder(_ changes: [String: String?] = [:]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in Self.files.merging(
      changes.compactMapValues { $0 }, uniquingKeysWith: { $1 })
    where !(changes.keys.contains(name) && changes[name] == .some(nil)) {
      try folder.write(text, to: name)
    }
    return folder
  }

  private func lists(_ matrix: CSRMatrix) -> [[Int32]] {
    (0..<matrix.rowCount).map { Array(matrix.columns(ofRow: $0)) }
  }

  @Test func `reads kinds, relations, features, classes and splits`() throws {
    let folder = try folder()
    let data = try HeterogeneousFolder(path: folder.path, target: "p").read()
    #expect(data.nodeCounts == ["p": 3, "a": 3, "s": 4])
    #expect(data.relations.keys.sorted() == ["pa", "ps"])
    #expect(lists(data.relations["pa"]!) == [[0, 1], [1], [2]])
    #expect(data.relations["ps"]?.columnCount == 4)
    #expect(data.features["p"]?.columnCount == 3 && data.features["s"] == nil)
    #expect(data.features["a"]?.values.map(Array.init) == [1, -2, 0.5, 0, 3, 4])
    #expect(data.firstClasses == [1, 0, 1] && data.classNames == ["0", "1"])
    #expect(
      data.splits == [.init(train: [0], validation: [1], test: [2]), .init(train: [1])])
  }

  @Test func `a meta-path is a product of relations and counts the ways`() throws {
    let folder = try folder()
    let data = try HeterogeneousFolder(path: folder.path, target: "p").read()
    let ways = try data.metaPath("pap")
    #expect(lists(ways) == [[0, 1], [0, 1], [2]])
    #expect(ways.values.map(Array.init) == [2, 1, 1, 1, 1])
    // Paper 0 reaches subject 0 by way of itself twice, and of paper 1 once.
    #expect(try data.metaPath("paps").values.map(Array.init) == [3, 2, 1])
    #expect(lists(try data.metaPath("sp")) == [[0, 1], [], [], [2]])
    let graph = try data.graph(of: "psp")
    #expect(lists(graph.neighbours) == [[1], [0], []])
  }

  @Test(arguments: [
    ("pp", "meta-path \"pp\": p and p have no relation; expected two letters of pa, ps"),
    ("p", "meta-path \"p\": it has 1 letter; expected two or more"),
    ("pa", "meta-path \"pa\": it ends at another kind than it starts"),
  ])
  func `refuses a meta-path`(path: String, expected: String) throws {
    let folder = try folder()
    let data = try HeterogeneousFolder(path: folder.path, target: "p").read()
    #expect { try data.graph(of: path) } throws: { "\($0)".contains(expected) }
  }

  @Test(arguments: [
    ("pa.tsv", "0\t0\n3\t0\n", "pa.tsv:2:1: a node is 3; expected at most 2"),
    ("pa.tsv", "0\t0\n2\t3\n", "pa.tsv:2:3: a node is 3; expected at most 2"),
    ("pa.tsv", "0\t0\n0\t0\n", "pa.tsv:2:1: nodes 0 and 0 appear a second time"),
    ("pa.tsv", "0 0\n", "pa.tsv:1:2"),
    ("labels.txt", "1\nx\n", "labels.txt:2:1"),
    ("labels.txt", "", "labels.txt:1: the file is empty"),
    ("labels.txt", "1\n0\n", "there are 3 rows of features of kind p; expected 2"),
    ("a_feat.dense.tsv", "1\t2\n3\n", "a_feat.dense.tsv:2: the line has 1 value; expected 2"),
    ("a_feat.dense.tsv", "1\tx\n", "a_feat.dense.tsv:1:3"),
    ("p_feat.svm", "0 0:1\n0 1:1 1:2\n0\n", "p_feat.svm:2:7: feature 1 appears a second time"),
    ("splits.tsv", "train_20\t3\n", "splits.tsv:1:10: a node is 3; expected at most 2"),
  ])
  func `refuses a fault with its place`(file: String, text: String, expected: String) throws {
    let folder = try folder([file: text])
    #expect {
      try HeterogeneousFolder(path: folder.path, target: "p").read()
    } throws: { "\($0)".contains(expected) }
  }

  @Test func `a folder without relations, or with those of other kinds, is refused`() throws {
    let none = try folder(["pa.tsv": nil, "ps.tsv": nil])
    #expect {
      try HeterogeneousFolder(path: none.path, target: "p").read()
    } throws: { "\($0)".contains("the folder has no relations; expected files such as px.tsv") }
    let other = try folder()
    #expect {
      try HeterogeneousFolder(path: other.path, target: "t").read()
    } throws: { "\($0)".contains("no relation has a letter t") }
  }

  @Test(
    .enabled(if: SharedData.has("heco-acm")),
    arguments: [
      ("heco-acm", "p" as Character, ["p": 4019, "a": 7167, "s": 60] as [Character: Int], "pap"),
      ("heco-dblp", "a", ["a": 4057, "p": 14328, "c": 20, "t": 7723], "apa"),
    ])
  func `reads the graphs of HeCo`(
    name: String, target: Character, counts: [Character: Int], path: String
  ) throws {
    let data = try HeterogeneousFolder(path: SharedData.path(name), target: target).read()
    #expect(data.nodeCounts == counts && data.splits.count == 3)
    #expect(data.splits[0].train.count == 20 * data.classNames.count)
    #expect(try data.graph(of: path).entryCount > 0)
  }
}

import Datasets
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct GraphFolderTests {
  private static let files = [
    "nodes.svm": "0 1:1 4:0.5\n2,0 0:1\n- 3:2\n-1\n",
    "edges.tsv": "0\t1\n1\t0\n2\t3\n",
    "split.tsv": "train\t0\nval\t1\ntest\t2\n",
    "classes.tsv": "sports\npolitics\tmore\nweather\n",
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

  @Test func `reads nodes, edges, classes and a split`() throws {
    let folder = try folder()
    let data = try GraphFolder(path: folder.path).read()
    #expect(data.graph.degrees == [1, 1, 1, 1])
    #expect(data.features.columnCount == 5)
    #expect(data.features.values.map(Array.init) == [1, 0.5, 1, 2])
    #expect(data.classNames == ["sports", "politics", "weather"])
    #expect(data.firstClasses == [0, 2, -1, -1])
    #expect(data.labelled([0, 1, 2, 3]) == [0, 1])
    #expect(data.splits == [.init(train: [0], validation: [1], test: [2])])
  }

  @Test func `reads several splits by name or by letter`() throws {
    let named = try folder([
      "split.tsv": nil, "splits.tsv": "train_20\t0\ntest_20\t1\ntrain_40\t1\nval_40\t0\n",
    ])
    #expect(
      try GraphFolder(path: named.path).read().splits
        == [.init(train: [0], test: [1]), .init(train: [1], validation: [0])])
    let letters = try folder(["split.tsv": nil, "splits10.txt": "TE\nV-\nET\nTT\n"])
    #expect(
      try GraphFolder(path: letters.path).read().splits
        == [
          .init(train: [0, 3], validation: [1], test: [2]), .init(train: [2, 3], test: [0]),
        ])
  }

  @Test func `a folder without classes and splits is read`() throws {
    let folder = try folder(["split.tsv": nil, "classes.tsv": nil])
    let data = try GraphFolder(path: folder.path, isDirected: true).read()
    #expect(data.classNames == ["0", "1", "2"])
    #expect(data.splits.isEmpty)
    #expect(data.graph.degrees == [1, 1, 0, 1])
  }

  @Test func `self-loops are refused, dropped or kept`() throws {
    let folder = try folder(["edges.tsv": "0\t1\n2\t2\n"])
    func degrees(_ loops: GraphFolder.SelfLoops) throws -> [Int] {
      try GraphFolder(path: folder.path, selfLoops: loops).read().graph.degrees
    }
    #expect(try degrees(.drop) == [1, 1, 0, 0])
    #expect(try degrees(.keep) == [1, 1, 1, 0])
    #expect {
      try GraphFolder(path: folder.path).read()
    } throws: {
      "\($0)".contains("edges.tsv:2:3: the edge leads from node 2 to itself")
    }
  }

  @Test(arguments: [
    ("edges.tsv", "0\t4\n", "edges.tsv:1:3: a node is 4; expected at most 3"),
    ("edges.tsv", "0 1\n", "edges.tsv:1:2: unexpected byte 0x20; expected a tabulator"),
    ("edges.tsv", "0\t1\t2\n", "edges.tsv:1:4"),
    ("edges.tsv", "0\t-1\n", "edges.tsv:1:3: unexpected '-'"),
    ("nodes.svm", "0 1:1\n3 0:1\n", "nodes.svm:2:1: class 3 has no name"),
    ("nodes.svm", "0,0 1:1\n", "nodes.svm:1:3: class 0 appears a second time"),
    ("nodes.svm", "0 2:1 1:1 2:3\n", "nodes.svm:1:11: feature 2 appears a second time"),
    ("nodes.svm", "", "nodes.svm:1: the file is empty"),
    ("classes.tsv", "a\n\nb\n", "classes.tsv:2: the line is empty"),
    ("split.tsv", "learn\t0\n", "split.tsv:1:1: the part is \"learn\""),
    ("split.tsv", "train\t0\ntest\t0\n", "split.tsv:2:6: node 0 is in a part of this split"),
    ("split.tsv", "train\t9\n", "split.tsv:1:7: a node is 9; expected at most 3"),
  ])
  func `refuses a fault with its place`(file: String, text: String, expected: String) throws {
    let folder = try folder([file: text])
    #expect {
      try GraphFolder(path: folder.path).read()
    } throws: {
      "\($0)".contains(expected)
    }
  }

  @Test(arguments: [
    ("TE\nV-\nET\n", "splits10.txt:4: the file ends after 3 nodes"),
    ("TE\nV\nET\nTT\n", "splits10.txt:2: the line has 1 letter"),
    ("TE\nV-\nEX\nTT\n", "splits10.txt:3:2: the letter is \"X\""),
    ("T\nT\nT\nT\nT\n", "splits10.txt:5: there are more lines than the 4 nodes"),
  ])
  func `refuses a faulty table of letters`(text: String, expected: String) throws {
    let folder = try folder(["split.tsv": nil, "splits10.txt": text])
    #expect {
      try GraphFolder(path: folder.path).read()
    } throws: {
      "\($0)".contains(expected)
    }
  }

  @Test func `a folder without nodes names the files`() throws {
    let folder = try folder(["nodes.svm": nil])
    #expect {
      try GraphFolder(path: folder.path).read()
    } throws: {
      "\($0)".contains("there is no nodes.svm; expected nodes.svm and edges.tsv")
    }
  }
}

import Datasets
import Storage
import TestSupport
import Testing

@Suite struct GraphCollectionFileTests {
  private func read(_ text: String) throws -> GraphCollection {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "graphs.txt")
    return try GraphCollectionFile(path: folder.path + "/graphs.txt").read()
  }

  @Test func `reads graphs with tags and classes`() throws {
    let data = try read("3\n3 5\n0 2 1 2\n4 1 0\n0 1 0\n1 0\n2 0\n0 5\n")
    #expect(data.classNames == ["0", "5"] && data.tagCount == 5)
    #expect(data.items.map(\.label) == [1, 0, 1])
    #expect(data.items.map(\.tags) == [[0, 4, 0], [2], []])
    #expect(data.items[0].graph.degrees == [2, 1, 1])
  }

  @Test(arguments: [
    ("x\n", "graphs.txt:1:1"), ("1\n2\n", "graphs.txt:2:2"),
    ("1\n2 0\n0 1 1\n0 1 2\n", "graphs.txt:4:5: a node is 2; expected at most 1"),
    ("1\n2 0\n0 2 1\n0 0\n", "graphs.txt:3:3: the node has 1 neighbour; expected 2"),
    ("1\n1 0\n0 0\n1 0\n", "graphs.txt:4:1: there is a line after the last graph"),
    ("2\n1 0\n0 0\n", "graphs.txt:4: the file ends in graph 1 or before it; expected 2 graphs"),
    ("1\n2 0\n0 0\n", "graphs.txt:4: the file ends in graph 1"), ("", "graphs.txt:1"),
  ])
  func `refuses a fault with its place`(text: String, expected: String) {
    #expect { try read(text) } throws: { "\($0)".contains(expected) }
  }

  @Test(
    .enabled(if: SharedData.has("graphs-tu")),
    arguments: [
      ("MUTAG", 188, 7, 2), ("PTC", 344, 22, 2), ("PROTEINS", 1113, 3, 2), ("ENZYMES", 600, 3, 6),
      ("IMDBBINARY", 1000, 1, 2),
    ])
  func `reads the collections of TUDataset`(name: String, graphs: Int, tags: Int, classes: Int)
    throws
  {
    let data = try GraphCollectionFile(path: SharedData.path("graphs-tu/\(name).txt.xz")).read()
    #expect(data.items.count == graphs && data.classNames.count == classes)
    #expect(data.tagCount == tags)
  }
}

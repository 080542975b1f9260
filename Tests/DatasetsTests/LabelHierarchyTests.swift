import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct LabelHierarchyTests {
  private func vocabulary(_ parents: KeyValuePairs<String, [String]>) throws -> LabelVocabulary {
    try LabelVocabulary(
      path: "v", entries: parents.map { .init(id: $0, details: .init(parents: $1)) }, contentHash: 0
    )
  }

  private func parents(_ hierarchy: LabelHierarchy, of node: Int) -> [Int] {
    hierarchy.parents.columns(ofRow: node).map(Int.init)
  }

  @Test func `labels come first, then other entries, then names that are only parents`() throws {
    let vocabulary = try vocabulary([
      "top": [], "a": ["mid", "top"], "mid": ["top", "far"], "b": [],
    ])
    let found = try #require(try LabelHierarchy(["b", "unknown", "a"], in: vocabulary))
    #expect(found.labelCount == 3)
    // b, unknown, a, top, mid, far
    #expect(parents(found, of: 0) == [] && parents(found, of: 1) == [])
    #expect(parents(found, of: 2) == [4, 3])
    #expect(parents(found, of: 4) == [3, 5] && found.parents.rowCount == 6)
    #expect(try LabelHierarchy(["b"], in: self.vocabulary(["b": []])) == nil)
  }

  @Test func `a data set's labels name their parents themselves`() throws {
    let labels = Labels(
      ids: TextColumn(["a", "b"]), details: [.init(parents: ["b"]), .init(notation: "2")])
    let found = try #require(try LabelHierarchy(labels, path: "data"))
    #expect(parents(found, of: 0) == [1])
    #expect(try LabelHierarchy(Labels(ids: TextColumn(["a"])), path: "data") == nil)
  }

  @Test func `names a cycle`() throws {
    let loop = try vocabulary(["x": ["a"], "a": ["top", "b"], "b": ["c"], "c": ["a"], "top": []])
    let error = try #require(throws: InputError.self) { try LabelHierarchy(["x"], in: loop) }
    #expect("\(error)".contains("v: a label is above itself: a → b → c → a"))
    let own = try vocabulary(["a": ["a"]])
    #expect(throws: InputError.self) { try LabelHierarchy(["a"], in: own) }
  }

  /// A chain that would overflow the stack of a recursive search.
  @Test func `reads deep hierarchies`() throws {
    let count = 200_000
    let deep = try LabelVocabulary(
      path: "v",
      entries: (0..<count).map { .init(id: "\($0)", details: .init(parents: ["\($0 + 1)"])) },
      contentHash: 0)
    #expect(try LabelHierarchy(["0"], in: deep)?.parents.rowCount == count + 1)
  }
}

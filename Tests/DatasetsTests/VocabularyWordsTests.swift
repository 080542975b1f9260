import Storage
import Testing

@testable import Datasets

/// The words of a vocabulary that stores hashes only.
@Suite struct VocabularyWordsTests {
  private let texts = [
    "gcc: Compiler for C++\nIt compiles, it links.", "clang: compiler\nC++ again; ÄRA", "ära of it",
  ]

  private func features(minimum: Int) throws -> TextFeatures {
    try TextFeatures(
      learningFrom: texts, configuration: .init(minimumDocumentCount: minimum), threads: 1)
  }

  @Test func `finds every word in its order, once`() throws {
    let words = try features(minimum: 1).words(in: texts).map(\.text)
    #expect(
      words == [
        "gcc", "compiler", "for", "c++", "it", "compiles", "links", "clang", "again", "ära", "of",
      ])
    // The others are in one text each.
    #expect(
      try features(minimum: 2).words(in: texts).map(\.text) == ["compiler", "c++", "it", "ära"])
  }

  @Test func `a word's rows are those of its features`() throws {
    let features = try features(minimum: 1)
    for word in features.words(in: texts) {
      // The text of a single word has this word alone in each family of words.
      let bag = features.bags(of: [word.text], threads: 1)
      #expect(Set(word.rows).isSubset(of: Set(bag.columns(ofRow: 0).map(Int.init))), "\(word)")
      let isInLead = ["gcc", "compiler", "for", "c++", "clang", "ära", "of", "it"]
        .contains(word.text)
      #expect(Set(word.rows).count == (isInLead ? 2 : 1), "\(word)")
    }
    let rows = features.words(in: texts).flatMap(\.rows)
    #expect(Set(rows).count == rows.count)
  }

  @Test func `features without words have none`() throws {
    let features = try TextFeatures(
      learningFrom: texts,
      configuration: .init(
        families: [.init(.wordCharacters, of: .lead)], minimumDocumentCount: 1), threads: 1)
    #expect(features.words(in: texts).isEmpty)
  }
}

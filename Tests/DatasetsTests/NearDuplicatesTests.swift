import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct NearDuplicatesTests {
  /// Thirty texts, and for each four more with some words changed.
  private static let texts: [String] = {
    var random = SplitMix64(11)
    return (0..<30).flatMap { _ in
      let words = (0..<40).map { _ in "w\(Int.random(in: 0..<500, using: &random))" }
      return (0..<5).map { copy in
        var changed = words
        for _ in 0..<copy { changed[Int.random(in: 0..<40, using: &random)] = "new\(copy)" }
        return changed.joined(separator: " ")
      }
    }
  }()

  /// Sets of three-word runs, the plain way.
  private static func runs(_ text: String) -> Set<[String]> {
    let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    guard words.count > 3 else { return words.isEmpty ? [] : [words] }
    return Set((0...(words.count - 3)).map { Array(words[$0..<($0 + 3)]) })
  }

  @Test func `agrees with comparing all pairs`() {
    let sets = Self.texts.map(Self.runs)
    var expected: [NearDuplicates.Pair] = []
    for first in sets.indices {
      for second in sets.indices where second > first {
        let union = sets[first].union(sets[second]).count
        let similarity = Double(sets[first].intersection(sets[second]).count) / Double(union)
        if similarity >= 0.8 {
          expected.append(.init(first: first, second: second, similarity: similarity))
        }
      }
    }
    #expect(expected.count > 30)
    let found = NearDuplicates(
      of: TextColumn(Self.texts), among: Array(Self.texts.indices), threshold: 0.8)
    #expect(found.pairs == expected)
  }

  @Test func `ignores ASCII case and punctuation`() {
    let texts = TextColumn([
      "Hello, World", "hello world!", "", "...", "hello", "Ärger Öl", "ärger Öl",
    ])
    let found = NearDuplicates(of: texts, among: Array(texts.indices), threshold: 0.8)
    // Letters outside ASCII keep their case, as the documentation says.
    #expect(found.pairs == [.init(first: 0, second: 1, similarity: 1)])
    let some = NearDuplicates(of: texts, among: [1, 2, 4], threshold: 0.5)
    #expect(some.pairs.isEmpty)
  }
}

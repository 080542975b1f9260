import Datasets
import Storage
import TestSupport
import Testing

@Suite struct NearCopiesTests {
  private func copies(_ texts: [String]) -> NearCopies {
    NearCopies(
      of: Documents(
        ids: TextColumn(texts.indices.map { "d\($0)" }), content: .texts(TextColumn(texts))),
      among: texts.indices)
  }

  private func groups(_ texts: [String]) -> [Int] {
    let copies = copies(texts)
    return texts.indices.map(copies.representative)
  }

  @Test func `case, blanks, punctuation and numbers make no difference`() {
    #expect(
      groups([
        "Where is my order 1234?", "where is  my order 7", "Where is my order A12?",
        "WHERE IS MY ORDER 0.5!", "where is the order 7", "Where 3 is my order",
      ]) == [0, 0, 2, 0, 4, 0])
    // Texts of numbers alone are not compared by form.
    #expect(groups(["1 2 3", "4 5 6", "1 2 4"]) == [0, 1, 2])
    #expect(groups(["Är kortet spärrat", "är KORTET spärrat", "är kortet sparrat"]) == [0, 0, 2])
    // Words with letters and digits are words.
    #expect(groups(["topic1 words", "topic2 words"]) == [0, 1])
    #expect(groups(["", " ", "?", "!"]) == [0, 1, 2, 3])
  }

  @Test func `a word in a long text makes no difference`() {
    let words = (0..<40).map { "word\($0)" }
    var changed = words
    changed[20] = "other"
    var again = changed
    again[5] = "third"
    let texts = [words, changed, again, Array(words.reversed())].map {
      $0.joined(separator: " ")
    }
    // The third is near the first only by way of the second.
    #expect(groups(texts) == [0, 0, 0, 3])
    let copies = copies(texts)
    #expect(copies.documentCount == 3 && copies.groupCount == 1)
  }

  @Test func `a form of many documents is not a copy`() {
    // 30 of 200 documents are the same but for a number; 12 of them are equal.
    let texts =
      (0..<30).map { "chapter \(max(0, $0 - 11))" }
      + (0..<170).map { "text\($0) of its kind" }
    let result = groups(texts)
    #expect(result[0..<12].allSatisfy { $0 == 0 })
    #expect(Array(result[12...]) == Array(12..<200))
    // Eight are few enough.
    let few = (0..<8).map { "chapter \($0)" } + (0..<20).map { "text\($0) of its kind" }
    #expect(groups(few)[0..<8].allSatisfy { $0 == 0 })
  }

  @Test func `equal rows of features are copies`() {
    let matrix = CSRMatrix(rows: [[0, 1], [1], [0, 1]], columnCount: 2)
    let documents = Documents(
      ids: TextColumn(["a", "b", "c"]), content: .features(matrix, names: ["x", "y"]))
    let copies = NearCopies(of: documents, among: 0..<3)
    #expect((0..<3).map(copies.representative) == [0, 1, 0])
  }
}

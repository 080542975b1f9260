import Foundation
import Storage
import Testing

@testable import Datasets

@Suite struct FeaturesTextTests {
  /// The words of `text` as the scanner finds them.
  private func words(_ text: String, limit: Int = .max) -> [String] {
    var scan = TextScan()
    var text = text
    text.withUTF8 { scan.scan(UnsafeRawBufferPointer($0), limit: limit) }
    return scan.words.map { String(decoding: scan.bytes[$0.start..<$0.end], as: UTF8.self) }
  }

  private func part(_ scope: TextFeatures.Family.Scope, of text: String, limit: Int = .max)
    -> String
  {
    var scan = TextScan()
    var text = text
    text.withUTF8 { scan.scan(UnsafeRawBufferPointer($0), limit: limit) }
    return String(decoding: scan.bytes[scan.bytes(of: scope)], as: UTF8.self)
  }

  private struct Golden: Decodable {
    struct Case: Decodable {
      var configuration: TextFeatures.Configuration
      var training, texts, hashes: [String]
      var documentFrequencies: [UInt32]
      var bags: [[[Double]]]
    }
    var cases: [Case]
  }

  @Test func `agrees with Python on every feature and weight`() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Goldens/TextFeatures.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
    #expect(golden.cases.count == 4)
    for example in golden.cases {
      let features = try TextFeatures(
        learningFrom: example.training, configuration: example.configuration)
      #expect(features.vocabulary.hashes.map(String.init) == example.hashes)
      #expect(Array(features.vocabulary.documentFrequencies) == example.documentFrequencies)
      let bags = features.bags(of: example.texts)
      #expect(bags.rowCount == example.bags.count && bags.columnCount == example.hashes.count)
      for (row, expected) in example.bags.enumerated() {
        #expect(bags.columns(ofRow: row).map(Int.init) == expected.map { Int($0[0]) })
        let values = try #require(bags.values)
        for (entry, pair) in zip(bags.entries(ofRow: row), expected) {
          #expect(abs(Double(values[entry]) - pair[1]) < 2e-7, "row \(row)")
        }
      }
    }
  }

  @Test func `ASCII words match the regular expression`() throws {
    // Every text of up to four of the characters that matter, next to one another.
    let alphabet = ["a", "Z", "0", "+", "#", " ", "\n", "-"]
    var texts = [""]
    for _ in 0..<4 { texts += texts.flatMap { text in alphabet.map { text + $0 } } }
    let pattern = try NSRegularExpression(pattern: "[a-z0-9]+(?:\\+\\+|#)?")
    var faults: [String] = []
    for text in Set(texts) {
      let lower = text.lowercased() as NSString
      let expected = pattern.matches(
        in: lower as String, range: NSRange(location: 0, length: lower.length)
      ).map { lower.substring(with: $0.range) }
      if words(text) != expected { faults.append(text) }
    }
    #expect(faults == [])
    #expect(Set(texts).count == 4681)
  }

  @Test func `letters of other languages form words`() {
    #expect(words("Café, NAÏVE-élan—Ὀδυσσεύς №5") == ["café", "naïve", "élan", "ὀδυσσεύς", "5"])
    #expect(words("e\u{301}tude ٣٤ हिन्दी K") == ["e\u{301}tude", "٣٤", "हिन्दी", "k"])
  }

  @Test func `invalid UTF-8 separates words`() {
    for bytes in [
      [0x61, 0xff, 0x62], [0x61, 0xc3, 0x62], [0x61, 0xe2, 0x82, 0x62],
      [0x61, 0xed, 0xa0, 0x80, 0x62],
    ] as [[UInt8]] {
      var scan = TextScan()
      bytes.withUnsafeBytes { scan.scan($0, limit: .max) }
      #expect(scan.words.map { Array(scan.bytes[$0.start..<$0.end]) } == [[0x61], [0x62]])
    }
    var scan = TextScan()
    for length in 0..<4 {
      Array([UInt8](arrayLiteral: 0x61, 0xf0, 0x9f, 0x98).prefix(length)).withUnsafeBytes {
        scan.scan($0, limit: .max)
      }
      #expect(scan.words.count == min(length, 1))
    }
  }

  @Test func `finds title, summary and lead`() {
    let text = "Gcc-doc: Manual: of C\r\nBody: more"
    #expect(part(.title, of: text) == "gcc-doc")
    #expect(part(.summary, of: text) == "manual: of c")
    #expect(part(.lead, of: text) == "gcc-doc: manual: of c")
    #expect(part(.text, of: text) == text.lowercased())
    #expect(part(.title, of: "no title\na: b") == "")
    #expect(part(.summary, of: "no title\na: b") == "no title")
    #expect(part(.summary, of: "a:b") == "a:b")
    #expect(part(.title, of: "a: ") == "a" && part(.summary, of: "a: ") == "")
    #expect(part(.summary, of: "a: \r\n") == "")
    #expect(part(.lead, of: "\nx: y") == "")
  }

  @Test func `truncates a text at the word limit`() throws {
    #expect(words("a b, c d", limit: 3) == ["a", "b", "c"])
    #expect(words("é–é–é", limit: 2) == ["é", "é"])
    #expect(part(.title, of: "a: b c", limit: 1) == "a")
    #expect(part(.summary, of: "a: b c", limit: 1) == "")
    #expect(part(.summary, of: "a: b c", limit: 2) == "b ")
    let configuration = TextFeatures.Configuration(
      families: [.init(.words, of: .text)], maximumWordCount: 2, minimumDocumentCount: 1)
    let features = try TextFeatures(learningFrom: ["a b c", "b a"], configuration: configuration)
    #expect(features.vocabulary.count == 2)
  }

  @Test func `is independent of the thread count`() throws {
    let words = ["gcc", "c++", "library", "Perl", "über", "data-base", "x"]
    let texts = (0..<500).map { (index: Int) -> String in
      let body = (0..<(index % 23)).map { words[(index * 7 + $0 * $0) % 7] }
      return "p\(index % 50): \(body.joined(separator: index % 3 == 0 ? "\n\n" : " "))"
    }
    let one = try TextFeatures(learningFrom: texts, threads: 1)
    let bags = one.bags(of: texts, threads: 1)
    #expect(one.vocabulary.count > 100 && bags.entryCount > 5000)
    for threads in [2, 3, 8] {
      let many = try TextFeatures(learningFrom: texts, threads: threads)
      #expect(many.vocabulary.hashes == one.vocabulary.hashes)
      #expect(many.vocabulary.documentFrequencies == one.vocabulary.documentFrequencies)
      #expect(many.bags(of: texts, threads: threads) == bags)
    }
    #expect(one.bags(of: Array(texts[200..<210])) == bags.selecting(rows: 200..<210))
  }

  @Test func `bags have unit length`() throws {
    let texts = ["a-b: c d e", "a-b: c d e", "c d e"]
    let features = try TextFeatures(learningFrom: texts)
    let bags = features.bags(of: texts)
    let values = try #require(bags.values)
    let lengths = (0..<3).map { row in
      bags.entries(ofRow: row).map { Double(values[$0]) * Double(values[$0]) }.reduce(0, +)
    }
    #expect(abs(lengths[0] - 1) < 1e-6 && lengths[0] == lengths[1])
    let families = TextFeatures.Configuration.standardFamilies
      .filter { $0.unit != .unspacedCharacters }
    let weight = { (families: [TextFeatures.Family]) in
      families.map { $0.weight * $0.weight }.reduce(0, +)
    }
    let share = weight(families.filter { $0.scope != .title }) / weight(families)
    #expect(abs(lengths[2] - share) < 1e-6)
  }

  @Test func `keeps the most frequent features`() throws {
    var configuration = TextFeatures.Configuration(families: [.init(.words, of: .text)])
    let texts = ["a b c d", "a b c", "a b", "a e"]
    let all = try TextFeatures(learningFrom: texts, configuration: configuration)
    #expect(Array(all.vocabulary.documentFrequencies) == [4, 3, 2])
    configuration.maximumFeatureCount = 2
    let two = try TextFeatures(learningFrom: texts, configuration: configuration)
    #expect(Array(two.vocabulary.hashes) == Array(all.vocabulary.hashes.prefix(2)))
    for row in 0..<3 { #expect(all.vocabulary.row(of: all.vocabulary.hashes[row]) == row) }
    #expect(all.vocabulary.row(of: 12345) == nil)
    #expect(
      all.vocabulary.inverseDocumentFrequencies.map { Double($0) }.elementsEqual([
        1, 1 + log(5.0 / 4), 1 + log(5.0 / 3),
      ]) { abs($0 - $1) < 1e-6 })
  }

  @Test func `handles empty texts and vocabularies`() throws {
    let nothing = try TextFeatures(learningFrom: [String]())
    #expect(nothing.vocabulary.count == 0)
    let bags = nothing.bags(of: ["a", ""])
    #expect(bags.rowCount == 2 && bags.entryCount == 0 && bags.columnCount == 0)
    #expect(nothing.bags(of: [String]()).rowCount == 0)
  }
}

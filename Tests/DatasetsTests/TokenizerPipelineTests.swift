import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

private struct PipelineGolden: Decodable {
  struct Case: Decodable {
    var name: String
    var tokenizer: String
    var ids: [[Int32]]
    var truncated: [[Int32]]
  }
  var limit: Int
  var texts: [String]
  var cases: [Case]

  init(testFile: String = #filePath) throws {
    let folder = URL(fileURLWithPath: testFile).deletingLastPathComponent()
    let file = folder.appendingPathComponent("Goldens/TokenizerPipeline.json")
    self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
  }
}

@Suite struct TokenizerPipelineTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func tokenizer(_ json: String) throws -> TokenizerPipeline {
    try TokenizerPipeline(tokenizerFile: folder.write(json, to: "tokenizer.json"))
  }

  @Test(arguments: 0..<11)
  func `agrees with the reference tokenizers`(place: Int) throws {
    let golden = try PipelineGolden()
    let expected = golden.cases[place]
    let tokenizer = try tokenizer(expected.tokenizer)
    for (index, text) in golden.texts.enumerated() {
      #expect(
        tokenizer.encode(text, maximumLength: 1000) == expected.ids[index],
        "\(expected.name): \(text.debugDescription)")
      #expect(
        tokenizer.encode(text, maximumLength: golden.limit) == expected.truncated[index],
        "\(expected.name), truncated: \(text.debugDescription)")
    }
    #expect(golden.cases.count == 11)
  }

  private let model = """
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}
    """

  @Test func `names unsupported parts`() throws {
    let refused = [
      ("\"normalizer\": {\"type\": \"Cyrillic\"},", "normalizer \"Cyrillic\""),
      ("\"pre_tokenizer\": {\"type\": \"UnicodeScripts\"},", "pre_tokenizer \"UnicodeScripts\""),
      ("\"post_processor\": {\"type\": \"Other\"},", "post_processor \"Other\""),
      (
        "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"\\\\p{Han}+\"}, "
          + "\"behavior\": \"Isolated\"},", "the property \"Han\""
      ),
      (
        "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(a)\\\\1\"}, "
          + "\"behavior\": \"Isolated\"},", "the escape \\1"
      ),
      (
        "\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": "
          + "[{\"Sequence\": {\"id\": \"A\", \"type_id\": 1}}], \"special_tokens\": {}},",
        "a token type of 1"
      ),
      (
        "\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA\"},",
        "precompiled_charsmap"
      ),
    ]
    for (part, words) in refused {
      let error = #expect(throws: InputError.self) { try tokenizer("{\n\(part)\n\(model)}") }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
      #expect(error?.line == 2)
    }
  }

  @Test func `names the fault of a model`() throws {
    let refused = [
      ("{\"type\": \"WordLevel\", \"vocab\": {}}", "model \"WordLevel\""),
      ("{\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a b\"]}", "without an id"),
      ("{\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a\"]}", "not a merge"),
      ("{\"type\": \"BPE\", \"dropout\": 0.1, \"vocab\": {}, \"merges\": []}", "dropout 0.1"),
      ("{\"type\": \"BPE\", \"unk_token\": \"u\", \"vocab\": {}, \"merges\": []}", "no u"),
      ("{\"type\": \"BPE\", \"vocab\": {\"a\": -1}, \"merges\": []}", "-1.0 is not an id"),
      ("{\"type\": \"Unigram\", \"vocab\": [[\"a\", 0]]}", "no unk_id"),
      ("{\"type\": \"Unigram\", \"unk_id\": 1, \"vocab\": [[\"a\", 0]]}", "no unk_id"),
      ("{\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"a\"]]}", "not a piece"),
      ("{\"type\": \"WordPiece\", \"vocab\": {}}", "no [UNK]"),
    ]
    for (model, words) in refused {
      let error = #expect(throws: InputError.self) { try tokenizer("{\"model\": \(model)}") }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
    #expect(throws: InputError.self) { try tokenizer("{}") }
    #expect(throws: InputError.self) { try tokenizer("") }
    #expect(throws: FileError.self) {
      try TokenizerPipeline(tokenizerFile: folder.file("absent"))
    }
  }

  @Test func `no pattern takes more than linear time`() throws {
    // Alternatives that match the same text double the ways with every character.
    let pattern = try TextPattern("(?:a|aa|(?:a|b))+c")
    let text = Array(String(repeating: "a", count: 4000).unicodeScalars)
    let parts = pattern.parts(of: text[...])
    #expect(parts.count == 1 && parts.first?.isMatch == false)
    let short = Array("aaac".unicodeScalars)
    #expect(pattern.parts(of: short[...]).map(\.isMatch) == [true])
  }

  @Test(
    arguments: [
      ("a{2,3}", "aaaaa", [0..<3, 3..<5]), ("a+?b", "aab", [0..<3]), ("a++a", "aaa", []),
      ("(?<=b)a", "ba a", [1..<2]), ("(?i:ſ)", "S", [0..<1]), ("[^\\s\\d]", "1 x", [2..<3]),
      ("x(?=y)", "xyx", [0..<1]), ("x(?!y)", "xyx", [2..<3]), ("a|ab", "ab", [0..<1]),
      ("\\bab\\b", "ab xab", [0..<2]), ("[a-c]{2}", "abcd", [0..<2]), ("^b", "a\nb", [2..<3]),
    ])
  func `matches like Oniguruma`(pattern: String, text: String, expected: [Range<Int>]) throws {
    let scalars = Array(text.unicodeScalars)
    let matches = try TextPattern(pattern).parts(of: scalars[...]).filter(\.isMatch).map(\.range)
    #expect(matches == expected)
  }

  @Test func `a damaged table of characters gives no trap`() throws {
    let golden = try PipelineGolden()
    let sound = try #require(golden.cases.first { $0.name == "Unigram of XLM-R" }).tokenizer
    let start = try #require(sound.range(of: "precompiled_charsmap\":\""))
    let end = try #require(sound[start.upperBound...].firstIndex(of: "\""))
    let table = try #require(Data(base64Encoded: String(sound[start.upperBound..<end])))
    var random = SplitMix64(5)
    for _ in 0..<200 {
      var damaged = table
      for _ in 0..<1 + random.next() % 8 {
        damaged[Int(random.next() % UInt64(damaged.count))] = UInt8(
          truncatingIfNeeded: random.next())
      }
      let text = sound.replacingCharacters(
        in: start.upperBound..<end, with: damaged.base64EncodedString())
      do {
        _ = try tokenizer(text).encode("ﬁ½ e\u{301} abc\t\u{200B}日本", maximumLength: 100)
      } catch is InputError {
        // Refused.
      }
    }
  }
}

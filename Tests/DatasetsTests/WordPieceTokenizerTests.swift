import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

/// The fields of `Goldens/WordPiece.json` other than the cases.
private struct WordPieceGolden: Decodable {
  struct Options: Decodable {
    var lowercase: Bool
    var strip_accents: Bool?
    var handle_chinese_chars: Bool
    var clean_text: Bool

    var configuration: WordPieceTokenizer.Configuration {
      .init(
        isLowercased: lowercase, stripsAccents: strip_accents,
        separatesIdeographs: handle_chinese_chars, cleansText: clean_text)
    }
  }
  struct Case: Decodable {
    var options: Options
    var ids: [[Int32]]
    var truncated: [[Int32]]
  }
  var vocabulary: [String]
  var texts: [String]
  var kinds: [String: [[UInt32]]]
  var cases: [Case]

  init(testFile: String = #filePath) throws {
    let folder = URL(fileURLWithPath: testFile).deletingLastPathComponent()
    let file = folder.appendingPathComponent("Goldens/WordPiece.json")
    self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
  }

  func tokenizer(_ configuration: WordPieceTokenizer.Configuration) throws -> WordPieceTokenizer {
    let pieces = vocabulary.enumerated().map { (bytes: Array($1.utf8), id: Int32($0)) }
    return try WordPieceTokenizer(pieces: pieces, configuration: configuration, file: "golden")
  }
}

@Suite struct WordPieceTokenizerTests {
  private let small = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "a", "##b", "!",
  ]

  private func tokenizer(_ lines: [String]) throws -> WordPieceTokenizer {
    let folder = try TemporaryFolder()
    return try WordPieceTokenizer(
      vocabularyFile: folder.write(lines.joined(separator: "\n"), to: "vocab.txt"))
  }

  @Test(arguments: 0..<4)
  func `agrees with the reference tokenizer`(option: Int) throws {
    let golden = try WordPieceGolden()
    let expected = golden.cases[option]
    let tokenizer = try golden.tokenizer(expected.options.configuration)
    for (index, text) in golden.texts.enumerated() {
      let ids = tokenizer.encode(text)
      #expect(ids == expected.ids[index], "\(text.debugDescription)")
      let short = tokenizer.encode(text, maximumLength: 8)
      #expect(short == expected.truncated[index], "\(text.debugDescription), truncated")
    }
  }

  @Test func `agrees with the reference on every character`() throws {
    let kinds = try WordPieceGolden().kinds
    var expected: [UInt32: String] = [:]
    for (kind, ranges) in kinds {
      // The last planes are private use throughout; the first of their characters will do.
      for range in ranges where range[0] <= 0xF0000 {
        for value in range[0]...min(range[1], 0xF0000) { expected[value] = kind }
      }
    }
    var faults = 0
    for value in [0...UInt32(0x323AF), 0xE0000...0xE01EF, 0xEFFFE...0xF0000].joined() {
      guard let scalar = Unicode.Scalar(value), faults < 5 else { continue }
      let kind = "\(ScalarKind(scalar))"
      if kind != expected[value, default: "plain"] {
        faults += 1
        Issue.record("U+\(String(value, radix: 16)): \(kind), not \(expected[value] ?? "plain")")
      }
    }
  }

  @Test func `matches the longest piece first`() throws {
    let tokenizer = try tokenizer(small)
    #expect(tokenizer.encode("Unaffable!") == [2, 4, 5, 6, 9, 3])
    #expect(tokenizer.encode("ab ac") == [2, 7, 8, 1, 3])
    #expect(tokenizer.encode("") == [2, 3])
    #expect(tokenizer.encode("a[SEP]a[sep]") == [2, 7, 3, 7, 1, 1, 1, 3])
  }

  @Test func `truncates before the separator`() throws {
    let tokenizer = try tokenizer(small)
    #expect(tokenizer.encode("a unaffable a", maximumLength: 5) == [2, 7, 4, 5, 3])
    #expect(tokenizer.encode("a unaffable a", maximumLength: 2) == [2, 3])
    #expect(tokenizer.encode("[SEP][SEP][SEP]", maximumLength: 3) == [2, 3, 3])
  }

  @Test func `reads the tokenizer JSON file`() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      """
      {"version": "1.0", "truncation": {"max_length": 2},
       "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": false,
                      "strip_accents": null, "lowercase": false},
       "pre_tokenizer": {"type": "BertPreTokenizer"},
       "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                 "max_input_chars_per_word": 3,
                 "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 5, "[SEP]": 6, "\\u00e9": 2, "a": 3,
                           "##a": 9}}}
      """, to: "tokenizer.json")
    let tokenizer = try WordPieceTokenizer(tokenizerFile: file)
    #expect(
      tokenizer.configuration
        == .init(isLowercased: false, separatesIdeographs: false, maximumWordLength: 3))
    #expect(tokenizer.vocabularySize == 10)
    #expect(tokenizer.encode("é aaa A aaaa") == [5, 2, 3, 9, 9, 1, 1, 6])
  }

  @Test func `names the fault of a file`() throws {
    let folder = try TemporaryFolder()
    func refusal(_ text: String) throws -> InputError? {
      let file = try folder.write(text, to: "tokenizer.json")
      return #expect(throws: InputError.self) { try WordPieceTokenizer(tokenizerFile: file) }
    }
    let other = try refusal("{\"model\":\n {\"type\": \"BPE\"}}")
    #expect(other?.line == 2)
    #expect(other?.reason == "\"BPE\" is not supported")
    #expect(try refusal("{\"model\": {\"vocab\": {\"a\": 1.5}}}")?.reason == "1.5 is not an id")
    #expect(try refusal("{\"normalizer\": {\"lowercase\": 1}}")?.expected == "true or false")
    #expect(
      try refusal("{\"model\": {\"vocab\": {}}}")?.reason == "the vocabulary has no [PAD]")
    #expect(throws: InputError.self) { try tokenizer(["[PAD]", "[UNK]", "[CLS]"]) }
    var bytes = Data("[PAD]\n".utf8)
    bytes.append(0xFF)
    let damaged = try folder.write(bytes, to: "vocab.txt")
    let error = #expect(throws: InputError.self) {
      try WordPieceTokenizer(vocabularyFile: damaged)
    }
    #expect(error?.line == 2)
    #expect(throws: FileError.self) {
      try WordPieceTokenizer(vocabularyFile: folder.file("absent"))
    }
  }

  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["DECANT_MINILM"] != nil,
      "DECANT_MINILM names no folder with all-MiniLM-L6-v2"))
  func `both files of MiniLM give the same vocabulary`() throws {
    let folder = try #require(ProcessInfo.processInfo.environment["DECANT_MINILM"])
    let lines = try WordPieceTokenizer(vocabularyFile: folder + "/vocab.txt")
    let json = try WordPieceTokenizer(tokenizerFile: folder + "/tokenizer.json")
    #expect(lines.configuration == json.configuration)
    #expect(lines.vocabularySize == 30522)
    for text in try WordPieceGolden().texts { #expect(lines.encode(text) == json.encode(text)) }
    // By tokenizers 0.23.3.
    #expect(
      lines.encode("Real-time strategy game of ancient warfare")
        == [101, 2613, 1011, 2051, 5656, 2208, 1997, 3418, 8309, 102])
  }
}

import Foundation
import Storage
import Testing

@testable import Datasets

/// Scripts for which spaces are not enough to tell words apart.
@Suite struct FeaturesScriptsTests {
  private func scanned(_ text: String) -> (words: [String], runs: [[String]]) {
    var scan = TextScan()
    var text = text
    text.withUTF8 {
      scan.scan(UnsafeRawBufferPointer($0), limit: .max, separatesScripts: true)
    }
    let runs = scan.runs
    let ends = runs.starts.dropFirst() + [runs.bytes.count]
    let characters = zip(runs.starts, ends).map {
      String(decoding: runs.bytes[$0..<$1], as: UTF8.self)
    }
    return (
      scan.words.map { String(decoding: scan.bytes[$0.start..<$0.end], as: UTF8.self) },
      runs.ranges.filter { !$0.isEmpty }.map { Array(characters[$0]) }
    )
  }

  private func features(
    of texts: [String],
    families: [TextFeatures.Family] = TextFeatures.Configuration.standardFamilies
  ) throws -> TextFeatures {
    try TextFeatures(
      learningFrom: texts, configuration: .init(families: families, minimumDocumentCount: 1),
      threads: 1)
  }

  @Test func `unspaced scripts give character runs, not words`() {
    let mixed = scanned("Linuxカーネルの開発、GNU")
    #expect(mixed.words == ["linux", "gnu"])
    #expect(mixed.runs == [["カ", "ー", "ネ", "ル", "の", "開", "発"]])
    #expect(scanned("本日、晴天。「々」・ヶ").runs == [["本", "日"], ["晴", "天"], ["々"], ["ヶ"]])
    #expect(scanned("𠮷野\u{3000}家 3月").runs == [["𠮷", "野", "家"], ["月"]])
    #expect(scanned("ㄅㄆ 注音").runs == [["ㄅ", "ㄆ", "注", "音"]])
    #expect(scanned("café Ὀδυσσεύς हिन्दी").runs == [])
  }

  @Test func `combining marks stay with their letter`() {
    #expect(scanned("น้ำที่นี่").runs == [["น้ำ", "ที่", "นี่"]])
    #expect(scanned("ນ້ຳ").runs == [["ນ້ຳ"]])
    #expect(scanned("ភាសា\u{200b}ខ្មែរ").runs == [["ភា", "សា", "ខ្", "មែ", "រ"]])
    #expect(scanned("မြန်မာ ၁၂").runs == [["မြ", "န်", "မာ"]])
    // A variation selector chooses a picture; an accent belongs to its base character.
    #expect(scanned("葛\u{e0100}城 か\u{301}").runs == [["葛", "城", "か\u{301}"]])
  }

  @Test func `Hangul gives words and runs within them`() {
    let found = scanned("한국어 문서2는\n도구")
    #expect(found.words == ["한국어", "문서2는", "도구"])
    #expect(found.runs == [["한", "국", "어"], ["문", "서"], ["는"], ["도", "구"]])
    #expect(scanned("韓國語는").runs == [["韓", "國", "語"], ["는"]])
  }

  @Test func `width forms equal the usual characters`() throws {
    let texts = ["Ｌｉｎｕｘ：ｶﾞｲﾄﾞ ﾊﾟ 100％", "Linux:ガイド パ 100%"]
    let features = try features(of: texts)
    let bags = features.bags(of: texts)
    #expect(bags.columns(ofRow: 0).elementsEqual(bags.columns(ofRow: 1)))
    #expect(bags.columns(ofRow: 0).count > 10)
    #expect(TextWriting.withoutWidthForms("カﾞ Ａ") == "ガ A")
  }

  /// White space between characters of an unspaced script may be there or not, and is of one kind
  /// everywhere else.
  @Test(arguments: [
    "今天我的客户更新使用邮件转发问题帮助需要客户不能",
    "gcc: Linuxカーネルの開発に使うGNU C Compiler 第3版、注意: と書く。デバッグ用",
    "ภาษาไทยไม่มีช่องว่างระหว่างคำ TCP/IP เครือข่าย", "ភាសាខ្មែរអក្សរ", "မြန်မာစာပေကို",
  ])
  func `line breaks do not change the features`(text: String) throws {
    let features = try features(of: [text])
    let expected = features.bags(of: [text], threads: 1)
    #expect(expected.entryCount > 5)
    let scalars = Array(text.unicodeScalars)
    for blank in ["\n", "\r\n", " ", "\u{3000}", "\n\n  ", "\u{200b}"] {
      for place in 1..<scalars.count {
        let (left, right) = (scalars[place - 1], scalars[place])
        // Between two characters of the script, but not within one with its marks.
        let isInside =
          CharacterScript(left) == .unspaced && CharacterScript(right) == .unspaced
          && !CharacterScript.joins(right)
        let isAtBlank = left == " " && blank.unicodeScalars.allSatisfy { $0.value < 0x80 }
        guard isInside || isAtBlank else { continue }
        var changed = String.UnicodeScalarView(
          isInside ? scalars[..<place] : scalars[..<(place - 1)])
        changed.append(contentsOf: blank.unicodeScalars)
        changed.append(contentsOf: scalars[place...])
        #expect(
          features.bags(of: [String(changed)], threads: 1) == expected,
          "\(blank.debugDescription) at \(place)")
      }
    }
  }

  /// The family must not show where no text has its characters.
  @Test func `the family leaves other texts unchanged`() throws {
    let texts = [
      "gcc-c++: The C++ compiler\nCompiles C++ – “sources”.\n\nThe compiler",
      "naïve: café ÅNGSTRÖM\n№ 5",
      "Σίσυφος και λόγοι\nκαι 2", "Привет, мир: тест\nмир", "हिन्दी भाषा", "", "a: b\n",
    ]
    let plain = TextFeatures.Configuration.standardFamilies.filter {
      $0.unit != .unspacedCharacters
    }
    let (old, new) = (try features(of: texts, families: plain), try features(of: texts))
    #expect(old.vocabulary.count > 100 && plain.count == 6)
    #expect(new.vocabulary.hashes == old.vocabulary.hashes)
    #expect(new.vocabulary.documentFrequencies == old.vocabulary.documentFrequencies)
    #expect(new.bags(of: texts) == old.bags(of: texts))
    // Nor does it change these texts' bags when another text has its characters.
    let beside = try features(of: texts + ["日本語"])
    let values = try #require(beside.bags(of: texts).values)
    let alone = try #require(old.bags(of: texts).values)
    #expect(values.count == alone.count)
  }

  /// The vocabulary of a run of an earlier version.
  @Test func `older configurations read texts as before`() throws {
    let json = """
      {"families":[{"lengths":[3,5],"scope":"text","unit":"words","weight":1}],
       "maximumWordCount":16384,"minimumDocumentCount":1}
      """
    let old = try JSONDecoder().decode(TextFeatures.Configuration.self, from: Data(json.utf8))
    #expect(old.maximumWordCount == 16_384 && !old.separatesScripts)
    let features = try TextFeatures(learningFrom: ["Linuxカーネル Ａ", "カーネル"], configuration: old)
    let words = ["linuxカーネル", "ａ", "カーネル"].map {
      FeatureHash.feature(XXHash64.hash($0), in: FeatureHash.namespace(of: old.families[0]))
    }
    #expect(Set(features.vocabulary.hashes) == Set(words))
  }

  @Test func `few unspaced characters weigh little, bags keep unit length`() throws {
    let texts = [
      "the compiler of the language named 日本 and of many others which are described in the manual of this package",
      "日本語", "한국어 문서",
    ]
    let features = try features(of: texts)
    let bags = features.bags(of: texts)
    let values = try #require(bags.values)
    for row in texts.indices {
      let length = bags.entries(ofRow: row).reduce(0.0) { $0 + Double(values[$1] * values[$1]) }
      #expect(abs(length - 1) < 1e-6, "row \(row)")
    }
    let family = TextFeatures.Family(.unspacedCharacters, of: .text)
    let row = try #require(
      features.vocabulary.row(
        of: FeatureHash.feature(
          XXHash64.hash("本"), in: FeatureHash.namespace(of: family))))
    func value(_ text: Int) -> Float {
      bags.entries(ofRow: text).first { bags.columns[$0] == row }.map { values[$0] } ?? 0
    }
    #expect(value(0) > 0 && value(0) < 0.8 * value(1))
  }

  @Test func `truncates long texts and reports it`() throws {
    let limit = TextFeatures.Configuration(maximumWordCount: 4)
    for (text, isCut) in [
      ("a b c d", false), ("a b c d \n.", false), ("a b c d e", true), ("日本語で", false),
      ("日本語です", true), ("a 日本\n語", false), ("a 日本語 b", true),
    ] {
      #expect(limit.cuts(text) == isCut, "\(text)")
    }
    #expect(!TextFeatures.Configuration().cuts(String(repeating: "w ", count: 17_000)))
    let texts = TextColumn(["a b", "a b c d e", "a b c d e f"])
    let documents = Documents(ids: TextColumn(["x", "y", "z"]), content: .texts(texts))
    #expect(limit.cutTexts(of: documents, rows: 0..<3) == [1, 2])
    #expect(
      limit.note(onCutTexts: ["y", "z"])
        == "2 texts (y, z) have more than 4 words; the rest is cut off (the setting is "
        + "features.maximumWordCount)")
    #expect(limit.note(onCutTexts: []) == nil)
  }

  @Test func `rejects the family outside whole texts`() {
    let configuration = TextFeatures.Configuration(
      families: [.init(.unspacedCharacters, of: .lead)])
    #expect(throws: ValueError.self) { try configuration.validated() }
  }
}

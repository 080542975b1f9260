import Datasets
import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@testable import Models

@Suite struct SettingsFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(_ text: String) throws -> TrainingConfiguration {
    try SettingsFile(contentsOf: folder.write(text, to: "s.json")).configuration
  }

  private func refuse(
    _ text: String, line: Int, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) {
      try read(text)
    }
    #expect(
      error?.line == line && error?.description.contains(words) == true,
      "\(error?.description ?? "")", sourceLocation: sourceLocation)
  }

  /// The defaults, as `decant train` begins with them.
  private var defaults: TrainingConfiguration {
    TrainingConfiguration(dataset: "", threads: MachineShare.current.processors)
  }

  @Test func `a new file is the defaults`() throws {
    #expect(try read(SettingsFile.template()) == defaults)
    #expect(try read("{}") == defaults)
    var named = defaults
    named.dataset = "/data/tags"
    #expect(try read(SettingsFile.template(dataset: "/data/tags")) == named)
  }

  @Test func `a new file explains every setting in lines of at most 100 columns`() {
    let template = SettingsFile.template()
    // Comments may be broken at any blank, and lie in each other.
    func letters(_ text: String) -> String { text.filter { !$0.isWhitespace && $0 != "/" } }
    let all = letters(template)
    for setting in Setting.all {
      #expect(template.contains("\"\(setting.name)\":"), "\(setting.path)")
      #expect(all.contains(letters(setting.text)), "\(setting.path)")
    }
    // Slashes are put before lines that are full already.
    #expect(template.split(separator: "\n").allSatisfy { $0.count <= 106 })
  }

  /// A new file without the slashes before one setting, as a user would remove them.
  private func template(with name: String) -> String {
    var result: [String] = []
    var isOpen = false
    for line in SettingsFile.template().split(separator: "\n") {
      let text = line.drop { $0 == " " }
      if text.hasPrefix("// \"\(name)\": {") { isOpen = true }
      if isOpen {
        result.append(String(text.dropFirst(3)))
        if text == "// }," { isOpen = false }
      } else if !text.hasPrefix("\"\(name)\": null") {
        result.append(String(line))
      }
    }
    return result.joined(separator: "\n")
  }

  @Test func `groups in comments are right too`() throws {
    #expect(try read(template(with: "wide")).model.wide == .init())
    #expect(try read(template(with: "negatives")).negatives == NegativeConfiguration())
    let named = template(with: "transformer").replacing(
      "\"checkpoint\": \"\"", with: "\"checkpoint\": \"/bert\"")
    #expect(try read(named).transformer == TransformerSettings(checkpoint: "/bert"))
  }

  @Test(arguments: TrainingLoss.kinds.dropFirst().map(\.name))
  func `a loss in a comment is right too`(name: String) throws {
    let both = template(with: name)
    let start = try #require(both.range(of: "\"decoupledSoftmax\": {"))
    let end = try #require(both[start.upperBound...].range(of: "},"))
    let alone = both.replacingCharacters(in: start.lowerBound..<end.upperBound, with: "")
    let kind = try #require(TrainingLoss.kinds.first { $0.name == name })
    #expect(try read(alone).loss == TrainingLoss(kind.usual).with(temperature: 1))
  }

  @Test func `keys that are left out have their defaults`() throws {
    let settings = try read(
      """
      // A comment
      { model: { encoder: { isNormalized: true, }, wide: { 'method': "sgd" } }, /* another
        comment */ loop: {"epochs": 3},
        loss: {infoNCE: {}},
        negatives: {filter: {}},
      }
      """)
    var expected = defaults
    expected.model.encoder.isNormalized = true
    expected.model.wide = SparseLinear.Configuration(method: .sgd)
    expected.loop.epochs = 3
    expected.loss = TrainingLoss(InfoNCELoss(temperature: 0.05))
    expected.negatives = NegativeConfiguration(filter: FalseNegativeFilter())
    #expect(settings == expected)
  }

  @Test(arguments: [
    ("\"5+\"", SoftTopKLoss.Places.atLeast(5)), ("7", .fixed(7)), ("\"7\"", .fixed(7)),
    ("'labels'", .positives), ("{\"atLeast\": {\"_0\": 3}}", .atLeast(3)),
    ("{\"fixed\": {\"_0\": 3}}", .fixed(3)), ("{\"positives\": {}}", .positives),
  ])
  func `the K of soft top-k is a word, or the object of earlier versions`(
    text: String, places: SoftTopKLoss.Places
  ) throws {
    let loss = try read("{loss: {softTopK: {temperature: 2, places: \(text)}}}").loss
    #expect(loss == TrainingLoss(SoftTopKLoss(temperature: 2, places: places)))
  }

  @Test func `paths start at the folder of the file`() throws {
    let checkpoint = folder.file("bert")
    try FileManager.default.createDirectory(atPath: checkpoint, withIntermediateDirectories: true)
    try folder.write("{\"max_seq_length\": 77}", to: "bert/sentence_bert_config.json")
    let settings = try read(
      "{dataset: 'd', feedback: '/f', transformer: {checkpoint: 'bert'}}")
    #expect(settings.dataset == folder.file("d"))
    #expect(settings.feedback == "/f")
    #expect(settings.transformer?.checkpoint == checkpoint)
    #expect(settings.transformer?.maximumLength == 77)
    #expect(
      try read("{transformer: {checkpoint: 'none'}}").transformer?.maximumLength == 128)
    #expect(
      try read("{transformer: {checkpoint: 'bert', maximumLength: 5}}").transformer?.maximumLength
        == 5)
    #expect(
      try read("{transformer: {checkpoint: 'bert', maximumLength: null}}").transformer?
        .maximumLength == 77)
  }

  @Test func `an unknown key is refused with the nearest known one`() {
    refuse("{\n \"lop\": {}}", line: 2, "\"lop\" is not known; expected \"loop\"")
    refuse(
      "{\"optimization\": {\n\n\"batchsize\": 3}}", line: 3,
      "\"batchsize\" in optimization is not known; expected \"batchSize\"")
    refuse("{\"epochs\": 3}", line: 1, "did you mean loop.epochs?")
    refuse("{loss: {infoNEC: {}}}", line: 1, "expected \"infoNCE\"")
    refuse("{features: {families: [{wieght: 1}]}}", line: 1, "expected \"weight\"")
    refuse("{\"zzzzzzzzz\": 3}", line: 1, "expected one of dataset, data, badLines")
    refuse("{seed: 1,\n\"seed\": 2}", line: 2, "comes twice")
  }

  @Test func `a value of another kind is refused`() {
    refuse("{loop:\n{epochs: \"3\"}}", line: 2, "loop.epochs is \"3\"; expected a whole number")
    refuse("{loop: {epochs: 2.5}}", line: 1, "loop.epochs is 2.5; expected a whole number")
    refuse("{loop: {epochs: null}}", line: 1, "loop.epochs is null; expected a whole number")
    refuse("{loop: 3}", line: 1, "loop is 3; expected {…}")
    refuse("{loop: null}", line: 1, "loop is null; expected {…}")
    refuse("{transformer: 3}", line: 1, "transformer is 3; expected {…}")
    refuse("[]", line: 1, "the file is […]; expected {…}")
    refuse("{model: {hasBias: 1}}", line: 1, "model.hasBias is 1; expected true or false")
    refuse("{optimization: {warmup: 1e999}}", line: 1, "warmup is 1e999; expected a finite number")
    refuse(
      "{model: {labels: 'freee'}}", line: 1, "expected \"free\", or another of free, text, both")
    refuse("{model: {labels: 5}}", line: 1, "expected one of free, text, both")
    refuse(
      "{features: {families: [{lengths: [2, 1]}]}}", line: 1, "lengths is […]; expected [from, to]")
    refuse("{features: {families: {}}}", line: 1, "features.families is {…}; expected [{…}, …]")
    refuse("{loss: {}}", line: 1, "0 losses are named")
    refuse("{loss: {infoNCE: {}, mlcd: {}}}", line: 1, "2 losses are named")
    refuse("{loss: {softTopK: {places: 0}}}", line: 1, "places is 0; expected a number such as 5")
    refuse("{seed: -1}", line: 1, "seed is -1")
  }

  @Test func `a value out of range is refused`() {
    refuse("{loop:\n{epochs:\n0}}", line: 3, "loop.epochs is 0; expected at least 1")
    refuse("{optimization: {featureDropout: 1}}", line: 1, "less than 1")
    refuse("{model: {encoder: {hiddenDimensions: [8,\n0]}}}", line: 1, "expected at least 1")
    refuse("{\ntransformer: {isFineTuned: true}}", line: 2, "no checkpoint")
  }

  @Test func `text keeps its characters and its form`() throws {
    // é as one scalar and as two: a path is not normalized.
    let text = #"{dataset: "/a\"b\\c\u0065\u0301\u00e9 /* no comment \ud83d\ude00"}"#
    let path = try read(text).dataset
    #expect(Array(path.utf8) == Array("/a\"b\\ce\u{301}é /* no comment 😀".utf8))
    refuse("{\n dataset: '\\ud83d'}", line: 2, "half of a surrogate pair")
  }

  @Test func `distances count letters`() {
    // By hand: one put in, left out, exchanged, swapped; capital letters are free.
    #expect(editDistance("epochs", "epoch") == 1)
    #expect(editDistance("epochs", "eppochs") == 1)
    #expect(editDistance("epochs", "epocks") == 1)
    #expect(editDistance("epochs", "epcohs") == 1)
    #expect(editDistance("batchsize", "batchSize") == 0)
    #expect(editDistance("", "abc") == 3)
    #expect(editDistance("kitten", "sitting") == 3)
  }
}

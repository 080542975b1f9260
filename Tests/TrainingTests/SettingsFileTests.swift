import Datasets
import Foundation
import Learning
import TestSupport
import Testing
import Torch

@testable import Training

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

  /// The paths of all keys in what a value is encoded as.
  private func paths(of value: some Encodable, under prefix: String = "") throws -> Set<String> {
    var result: Set<String> = []
    func walk(_ value: Any, _ path: String) {
      if let members = value as? [String: Any] {
        for (name, inner) in members {
          let own = path.isEmpty ? name : "\(path).\(name)"
          result.insert(own)
          if !own.hasSuffix("places") { walk(inner, own) }
        }
      } else if let elements = value as? [Any] {
        for element in elements { walk(element, path) }
      }
    }
    walk(try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)), prefix)
    return result
  }

  /// The defaults with every value there that may be missing.
  private var full: TrainingConfiguration {
    var full = SettingsSchema.complete
    full.feedback = "f"
    full.features.maximumFeatureCount = 9
    full.loop.patience = 2
    full.transformer?.pooling = .mean
    full.negatives?.pool.positiveLimit = 3
    full.negatives?.shortlist = 3
    full.negatives?.refreshSteps = 3
    return full
  }

  private func isWhole(_ value: Any, _ path: String = "") {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional, mirror.children.isEmpty, !path.hasSuffix("blockSize") {
      Issue.record("\(path) is missing in this test's configuration")
    }
    for child in mirror.children { isWhole(child.value, "\(path).\(child.label ?? "")") }
  }

  @Test func everyKeyOfTheConfigurationIsInANewFile() throws {
    isWhole(full)
    var keys = try paths(of: full)
    for loss in SettingsSchema.losses {
      keys.formUnion(try paths(of: loss, under: "loss"))
      keys.insert("loss.\(loss.name).blockSize")
    }
    let schema = try SettingsSchema()
    #expect(keys.subtracting(schema.entries.keys) == [])
    #expect(Set(schema.entries.keys).symmetricDifference(SettingsNote.all.map(\.path)) == [])
    #expect(Set(SettingsNote.all.map(\.path)).count == SettingsNote.all.count)
    let template = try SettingsFile.template()
    for key in keys {
      let name = key.split(separator: ".").last ?? ""
      #expect(template.contains("\"\(name)\":"), "\(key)")
    }
    #expect(template.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }

  @Test func aNewFileIsTheDefaults() throws {
    #expect(try read(SettingsFile.template()) == defaults)
    #expect(try read("{}") == defaults)
    var named = defaults
    named.dataset = "/data/tags"
    #expect(try read(SettingsFile.template(dataset: "/data/tags")) == named)
  }

  /// A new file in which the slashes before one setting are taken away, as a user would.
  private func template(with name: String) throws -> String {
    var result: [String] = []
    var isOpen = false
    for line in try SettingsFile.template().split(separator: "\n") {
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

  @Test func whatWaitsInCommentsIsRightToo() throws {
    #expect(try read(template(with: "wide")).model.wide == .init())
    #expect(try read(template(with: "negatives")).negatives == NegativeConfiguration())
    let named = try template(with: "transformer").replacing(
      "\"checkpoint\": \"\"", with: "\"checkpoint\": \"/bert\"")
    #expect(try read(named).transformer == TransformerSettings(checkpoint: "/bert"))
    for loss in SettingsSchema.losses.dropFirst() {
      let both = try template(with: loss.name)
      let start = try #require(both.range(of: "\"decoupledSoftmax\": {"))
      let end = try #require(both[start.upperBound...].range(of: "},"))
      let alone = both.replacingCharacters(in: start.lowerBound..<end.upperBound, with: "")
      #expect(try read(alone).loss == loss.with(temperature: 1), "\(loss.name)")
    }
  }

  @Test func whatIsNotSaidIsAsUsual() throws {
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
    expected.loss = .infoNCE(.init(temperature: 0.05))
    expected.negatives = NegativeConfiguration(filter: FalseNegativeFilter())
    #expect(settings == expected)
  }

  @Test func pathsAreSeenFromTheFile() throws {
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
  }

  @Test func keysThatAreNotKnownAreNamedWithTheNearest() {
    refuse("{\n \"lop\": {}}", line: 2, "\"lop\" is not known; expected \"loop\"")
    refuse(
      "{\"optimization\": {\n\n\"batchsize\": 3}}", line: 3,
      "\"batchsize\" in optimization is not known; expected \"batchSize\"")
    refuse("{\"epochs\": 3}", line: 1, "did you mean loop.epochs?")
    refuse("{loss: {infoNEC: {}}}", line: 1, "expected \"infoNCE\"")
    refuse("{features: {families: [{wieght: 1}]}}", line: 1, "expected \"weight\"")
    refuse("{\"zzzzzzzzz\": 3}", line: 1, "expected one of dataset, badLines")
    refuse("{seed: 1,\n\"seed\": 2}", line: 2, "comes twice")
  }

  @Test func valuesOfAnotherKindAreNamed() {
    refuse("{loop:\n{epochs: \"3\"}}", line: 2, "loop.epochs is \"3\"; expected a whole number")
    refuse("{loop: {epochs: 2.5}}", line: 1, "loop.epochs is 2.5; expected a whole number")
    refuse("{loop: {epochs: null}}", line: 1, "loop.epochs is null; expected a whole number")
    refuse("{loop: 3}", line: 1, "loop is 3; expected {…}")
    refuse("[]", line: 1, "the file is […]; expected {…}")
    refuse("{model: {hasBias: 1}}", line: 1, "model.hasBias is 1; expected true or false")
    refuse("{optimization: {warmup: 1e999}}", line: 1, "warmup is 1e999; expected a finite number")
    refuse(
      "{model: {labels: 'freee'}}", line: 1, "expected \"free\", or another of free, text, both")
    refuse("{model: {labels: 5}}", line: 1, "expected one of free, text, both")
    refuse("{loss: {}}", line: 1, "0 losses are named")
    refuse("{loss: {infoNCE: {}, mlcd: {}}}", line: 1, "2 losses are named")
    refuse("{seed: -1}", line: 1, "seed is -1")
  }

  @Test func valuesOutOfRangeAreNamed() {
    refuse("{loop:\n{epochs:\n0}}", line: 3, "loop.epochs is 0.0; expected at least 1")
    refuse("{optimization: {featureDropout: 1}}", line: 1, "less than 1")
    refuse("{\ntransformer: {isFineTuned: true}}", line: 2, "no checkpoint")
  }

  @Test func faultsOfWritingHaveTheirLine() {
    refuse("{\n\"seed\": 1\n\"threads\": 2}", line: 3, "a comma or }")
    refuse("{\n\"seed", line: 2, "without its quotation mark")
    refuse("{} x", line: 1, "the end of the file")
    refuse("{ /* x", line: 1, "a comment without its end")
    refuse("{\"seed\": 1", line: 1, "the file ends")
    refuse("{seed 1}", line: 1, "a colon")
    refuse("{seed: abc}", line: 1, "abc is not a value")
    refuse("{seed: 01}", line: 1, "01 is not a value")
    refuse("", line: 1, "a value")
    refuse(String(repeating: "[", count: 1000), line: 1, "more than 64 brackets")
  }

  @Test func textKeepsItsCharacters() throws {
    #expect(
      try read(#"{dataset: "/a\"b\\cé\u00e9 /* no comment"}"#).dataset == "/a\"b\\céé /* no comment"
    )
  }

  @Test func distancesCountLetters() {
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

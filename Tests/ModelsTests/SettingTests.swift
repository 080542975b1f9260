import Datasets
import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Models

/// The table of settings as a whole.
@Suite struct SettingTests {
  /// A configuration in which every optional value is there.
  private var full: TrainingConfiguration {
    var full = TrainingConfiguration(dataset: "d")
    full.feedback = "f"
    full.initial = "i"
    full.vocabulary = "v"
    full.language = "en"
    full.data = DataReading(
      format: .csv, encoding: .utf8, header: true, text: "t", label: "l", id: "i", separator: ";",
      group: "g", time: "t", more: ["m"], validation: "v", test: "t")
    full.startFrom = "e"
    full.nestedDimensions = [16, 32]
    full.optimization.gradientClipping = 2
    full.features.maximumFeatureCount = 9
    full.loop.patience = 2
    full.model.wide = .init()
    full.memory = .init()
    full.precision = .int8
    full.device = .cuda(0)
    full.scorePrecision = .bfloat16
    full.transformer = TransformerSettings(checkpoint: "c", pooling: .mean)
    full.teacher = TeacherConfiguration(runs: ["r"])
    full.robust = RobustConfiguration(method: .symmetric, strength: 2, warmup: 0)
    full.imbalance = ImbalanceConfiguration(method: .classBalanced, strength: 0.5)
    full.negatives = NegativeConfiguration(
      pool: .init(positiveLimit: 3), shortlist: 3, filter: FalseNegativeFilter(), refreshSteps: 3)
    return full
  }

  private func isWhole(_ value: Any, _ path: String = "") {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional, mirror.children.isEmpty, !path.hasSuffix("blockSize") {
      Issue.record("\(path) is missing in this test's configuration")
    }
    for child in mirror.children { isWhole(child.value, "\(path).\(child.label ?? "")") }
  }

  /// The paths of all keys of an encoded configuration.
  private func paths(of value: some Encodable) throws -> Set<String> {
    var result: Set<String> = []
    func walk(_ value: JSONValue, _ path: String) {
      for member in value.members {
        let own = path.isEmpty ? member.name : "\(path).\(member.name)"
        result.insert(own)
        walk(member.element.value, own)
      }
    }
    let text = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    walk(try JSONText(text, file: "configuration").root.value, "")
    return result
  }

  @Test func `every key of an encoded configuration is a setting, and the other way round`() throws
  {
    isWhole(full)
    var keys = try paths(of: full)
    for kind in TrainingLoss.kinds {
      var configuration = full
      configuration.loss = TrainingLoss(kind.usual)
      keys.formUnion(try paths(of: configuration))
      keys.insert("loss.\(kind.name).blockSize")
    }
    let settings = Setting.all.map(\.path)
    #expect(keys.symmetricDifference(settings) == [])
    #expect(Set(settings).count == settings.count)
  }

  @Test func `every default is of the kind and in the range of its setting`() throws {
    for setting in Setting.all where !setting.kind.isGroup {
      try setting.check(.init(setting.usual))
      var draft = SettingsDraft()
      try draft.set(setting, to: .init(setting.usual))
      // Adding the group of the setting gives its other settings their defaults.
      for other in Setting.all where !other.isDerived && draft.values[other.path] != nil {
        #expect(draft.values[other.path] == other.usual, "\(other.path)")
      }
    }
  }

  @Test func `a draft gives back the configuration that it was made from`() throws {
    for configuration in [full, TrainingConfiguration(dataset: "d", seed: .max, threads: 3)] {
      for kind in TrainingLoss.kinds {
        var configuration = configuration
        configuration.loss = TrainingLoss(kind.usual).with(temperature: 0.3)
        #expect(try SettingsDraft(configuration).completed() == configuration)
      }
    }
  }

  @Test func `setting one value changes no other`() throws {
    let values = SettingsDraft(full).values
    for setting in Setting.all {
      guard let other = another(than: setting, values[setting.path]) else { continue }
      var draft = SettingsDraft(full)
      try draft.set(setting, to: .init(other))
      let differing = draft.values.filter { values[$0.key] != $0.value }.map(\.key)
      #expect(differing == [setting.path])
      let result = SettingsDraft(try draft.completed()).values[setting.path]
      // Another method of the wide model has another learning rate.
      #expect(result == other, "\(setting.path)")
    }
  }

  /// Another value than the one in `full`.
  private func another(than setting: Setting, _ value: JSONValue?) -> JSONValue? {
    switch (setting.kind, value) {
    case (.words(let words), .string(let word)): words.first { $0 != word }.map { .string($0) }
    case (.boolean, .boolean(let value)): .boolean(!value)
    case (.integer, .number), (.natural, _): .number("17")
    case (.number, .number): .number("0.625")
    case (.text, _), (.path, _): .string("other")
    default: nil
    }
  }

  @Test(arguments: [
    ("threads", "4097"), ("loop.epochs", "0"), ("loop.patience", "0"),
    ("optimization.batchSize", "2147483648"), ("model.encoder.dimension", "0"),
    ("model.encoder.initialScale", "-1"), ("model.wide.minimumPairCount", "-1"),
    ("model.wide.maximumDocumentShare", "1.5"), ("model.wide.learningRate", "0"),
    ("optimization.learningRate", "1e31"), ("optimization.weightDecay", "-0.1"),
    ("optimization.featureDropout", "1"), ("optimization.warmup", "1.1"),
    ("loop.checkpointInterval", "-1"), ("loss.decoupledSoftmax.temperature", "0"),
    ("transformer.maximumLength", "1"), ("transformer.tower.hiddenDimension", "0"),
    ("transformer.tower.dropout", "1"), ("transformer.projectionLearningRate", "0"),
    ("transformer.tuning.gradientLimit", "0"), ("transformer.tuning.warmup", "1"),
    ("transformer.tuning.pieceTokenCount", "0"), ("negatives.probes", "0"),
    ("negatives.pool.hardNegatives", "-1"), ("negatives.neighbours", "0"),
    ("memory.neighbours", "0"), ("memory.temperature", "0"), ("memory.weight", "-1"),
  ])
  func `a value out of range is refused`(path: String, wrong: String) throws {
    let setting = try #require(Setting.all.first { $0.path == path })
    var draft = SettingsDraft(full)
    let fault = #expect(throws: SettingFault.self) {
      try draft.set(setting, to: .init(.number(wrong)))
    }
    #expect(fault?.reason == "\(path) is \(wrong)")
    #expect(draft.values == SettingsDraft(full).values)
  }

  @Test func `a stored run with a value out of range is refused`() throws {
    try full.check(file: "f")
    var damaged = full
    damaged.transformer?.tower.dropout = 1
    let error = #expect(throws: InputError.self) { try damaged.check(file: "f") }
    #expect(error?.description == "f: transformer.tower.dropout is 1; expected less than 1")
  }

  @Test func `options have unique names within a part, and help with words and default`() {
    var names: Set<String> = []
    for setting in Setting.all {
      guard let option = setting.option, names.insert(option.name).inserted else { continue }
      let help = setting.optionHelp
      if case .switches(let switches) = option.form {
        for one in switches { #expect(one.help.hasSuffix("."), "\(one.name)") }
        continue
      }
      #expect(help.hasSuffix(").") && help.contains("default: "), "\(option.name): \(help)")
      for word in setting.optionWords { #expect(help.contains(word), "\(option.name): \(help)") }
      #expect(!help.contains("default: null") && !help.contains("default: )"), "\(help)")
    }
    #expect(names.isSuperset(of: ["loss", "temperature", "wide", "epochs", "bag-hidden"]))
  }

  @Test func `words of the command line are checked and translated`() throws {
    func value(_ option: String, _ word: String) throws -> JSONValue {
      try #require(Setting.all.first { $0.option?.name == option }).value(of: word)
    }
    #expect(try value("epochs", "3") == .number("3"))
    #expect(try value("towers", "separate") == .boolean(false))
    #expect(try value("pooling", "cls") == .string("firstToken"))
    #expect(try value("hidden", "0") == .null && value("bag-hidden", "0") == .array([]))
    #expect(try value("bag-hidden", "8,4").json == "[8, 4]")
    #expect(try value("loss", "bce").members.map(\.name) == ["binaryCrossEntropy"])
    for (option, word, expected) in [
      ("epochs", "0", "at least 1"), ("epochs", "many", "a whole number"),
      ("temperature", "nan", "a finite number"), ("temperature", "0", "more than 0"),
      ("loss", "hinge", "one of decoupled-softmax"), ("negatives", "al", "\"all\", or another"),
      ("hidden", "-1", "at least 1"), ("top-k-places", "0", "a number such as 5"),
    ] {
      let fault = #expect(throws: SettingFault.self) { try value(option, word) }
      #expect(fault?.reason == "--\(option) is \(word)")
      #expect(fault?.expected.hasPrefix(expected) == true, "\(fault?.expected ?? "")")
    }
  }
}

/// Defaults that depend on other settings.
@Suite struct SettingsDraftTests {
  private func set(_ path: String, _ value: JSONValue, in draft: inout SettingsDraft) throws {
    try draft.set(
      #require(Setting.all.first { $0.path == path }), to: .init(value))
  }

  @Test func `the temperature follows the length of embeddings unless it is chosen`() throws {
    var draft = SettingsDraft()
    #expect(try draft.completed().loss.temperature == 1)
    try set("model.encoder.isNormalized", .boolean(true), in: &draft)
    #expect(try draft.completed().loss.temperature == 0.05)
    try set("loss.decoupledSoftmax.temperature", .number("0.3"), in: &draft)
    #expect(try draft.completed().loss.temperature == 0.3)
    // Another loss keeps the temperature.
    try set("loss.infoNCE", .object([]), in: &draft)
    #expect(try draft.completed().loss == TrainingLoss(InfoNCELoss(temperature: 0.3)))
  }

  @Test func `a list in a settings file counts as chosen`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      #"{"features": {"families": [{"unit": "words", "scope": "text"}]}}"#, to: "settings.json")
    let draft = try SettingsFile(contentsOf: path).draft
    #expect(draft.isChosen("features.families") && !draft.isChosen("loop.epochs"))
  }

  @Test(arguments: [Double.infinity, -.infinity, .nan])
  func `a number that is not finite is refused`(number: Double) throws {
    var configuration = TrainingConfiguration(dataset: "d")
    configuration.optimization.learningRate = number
    let error = #expect(throws: InputError.self) { try configuration.check(file: "f") }
    #expect(error?.reason == "optimization.learningRate is \"\(number)\"")
  }

  @Test func `settings of a run stay as they are`() throws {
    var stored = TrainingConfiguration(dataset: "d", threads: 7)
    stored.loss.temperature = 9
    stored.model.wide = .init(learningRate: 2)
    #expect(try SettingsDraft(stored).completed() == stored)
  }

  @Test func `another method of the wide model has its usual learning rate`() throws {
    var stored = TrainingConfiguration(dataset: "d")
    stored.model.wide = .init(learningRate: 2)
    var draft = SettingsDraft(stored)
    try set("model.wide.method", .string("adagrad"), in: &draft)
    #expect(try draft.completed().model.wide?.learningRate == 2)
    try set("model.wide.method", .string("sgd"), in: &draft)
    #expect(try draft.completed().model.wide?.learningRate == 100)
    try set("model.wide.learningRate", .number("3"), in: &draft)
    #expect(try draft.completed().model.wide?.learningRate == 3)
  }
}

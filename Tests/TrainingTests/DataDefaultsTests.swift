import Datasets
import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing

@testable import Training

@Suite struct DataDefaultsTests {
  @Test(arguments: [
    ("gcc: compiler for C", true), ("libc++-dev: headers", true), ("7zip: archiver", true),
    ("Re: hello", false), ("gcc:compiler", false), (": nothing", false), ("gcc compiler: C", false),
    ("+a: b", false), ("", false), ("gcc:", false), ("gcc: ", true), ("été: saison", false),
  ])
  func `a name is lower-case letters up to a colon and a blank`(text: String, isName: Bool) {
    #expect(DataProfile.hasName(text) == isName)
  }

  @Test func `a profile counts labels, pairs and names`() {
    let plain = DataProfile(madeDataset(60, labels: 5, labelTexts: true))
    #expect(plain.documents == 60 && plain.labels == 5 && plain.pairs == 60)
    #expect(plain.hasTexts && plain.features == 0)
    #expect(plain.labelTextShare == 1 && plain.namedShare == 0 && plain.medianWords == 5)
    #expect(plain.documentsPerLabel == 12)
    let named = DataProfile(madeDataset(60, labels: 5, perDocument: 2) { "p\($0): of topic\($1)" })
    #expect(named.namedShare == 1 && named.labelTextShare == 0 && named.featureShare == 0)
    #expect(named.pairs == 120)
  }

  /// The settings after choosing defaults, and the choices.
  private func choose(_ data: Dataset, _ change: (inout SettingsDraft) throws -> Void = { _ in })
    throws -> (settings: TrainingConfiguration, choices: [ChosenDefault])
  {
    var draft = SettingsDraft()
    draft.values["dataset"] = .string("made")
    try change(&draft)
    let choices = try DataDefaults(data, decantVersion: "test").choose(in: &draft) {
      try $0.completed()
    }
    return (try draft.completed(), choices)
  }

  @Test func `every rule names a setting and gives it a value in range`() throws {
    var profiles: [DataProfile] = []
    for documents in [10, 100, 1000, 4500, 20_000] {
      for hasTexts in [false, true] {
        var profile = DataProfile(
          documents: documents, labels: 2000, pairs: documents, hasTexts: hasTexts)
        profiles.append(profile)
        (profile.labelTextShare, profile.medianLabelWords) = (1, 30)
        (profile.multilineShare, profile.medianWords, profile.rareWordShare) = (1, 5, 0.2)
        profiles.append(profile)
      }
    }
    var names: Set<String> = []
    for profile in profiles {
      let candidates = DefaultCandidate.candidates(for: profile)
      for rule in DefaultRule.rules(for: profile) + candidates.flatMap(\.rules) {
        names.insert(rule.setting)
        if rule.setting == "loss" {
          #expect(TrainingLoss.kinds.contains { .string($0.name) == rule.value })
        } else if rule.setting != "loss.temperature" {
          let setting = try #require(Setting.all.first { $0.path == rule.setting })
          try setting.check(.init(rule.value))
        }
      }
    }
    let memory = DefaultRule.memory(.init(neighbours: 3, temperature: 0.1, weight: 2))
    for rule in memory {
      let setting = try #require(Setting.all.first { $0.path == rule.setting })
      try setting.check(.init(rule.value))
    }
    names.formUnion(memory.map(\.setting) + ["memory"])
    #expect(Setting.followingData.isSubset(of: names))
  }

  @Test func `a new settings file leaves every default open`() throws {
    let folder = try TemporaryFolder()
    func draft(_ text: String) throws -> SettingsDraft {
      try SettingsFile(contentsOf: folder.write(text, to: "s.json")).draft
    }
    let profiles = [
      DataProfile(documents: 700, labels: 40, pairs: 900, hasTexts: false),
      DataProfile(documents: 9000, labels: 40, pairs: 9000, hasTexts: true),
    ]
    let rules = profiles.flatMap { profile in
      DefaultRule.rules(for: profile)
        + DefaultCandidate.candidates(for: profile).flatMap(\.rules)
    }
    #expect(rules.contains { $0.setting == "loss" })
    let new = try draft(SettingsFile.template())
    for rule in rules { #expect(rule.isOpen(in: new), "\(rule.setting)") }
    // What the file changes is chosen.
    for (text, path) in [
      ("{loss: {infoNCE: {}}}", "loss"), ("{loss: {decoupledSoftmax: {temperature: 2}}}", "loss"),
      ("{model: {wide: {}}}", "model.wide.method"),
      ("{model: {encoder: {initialScale: 0.2}}}", "model.encoder.initialScale"),
      ("{loop: {epochs: 5}}", "loop.epochs"),
    ] {
      #expect(try draft(text).isChosen(path), "\(text)")
    }
  }

  @Test func `folds judge every document once`() throws {
    let folds = HeldOutJudge.folds(5, of: madeDataset(300, labels: 3), decantVersion: "test")
    #expect(folds.count == 5)
    #expect(folds.reduce(0) { $0 + $1.judgedCount } == 300)
    #expect(folds.allSatisfy { $0.learntCount + $0.judgedCount == 300 })
    #expect(HeldOutJudge.folds(5, of: madeDataset(40, labels: 3), decantVersion: "test").isEmpty)
  }

  @Test func `scores of documents average to the metrics`() throws {
    let judge = try #require(
      HeldOutJudge(
        madeDataset(1200, labels: 40, perDocument: 3) { "words of topic\($1 / 2) \($0 % 7)" },
        learning: 400, judging: 300, share: (400, 300), decantVersion: "test"))
    var settings = TrainingConfiguration(dataset: "made", threads: 1)
    settings.loop.epochs = 1
    let result = try #require(try judge.judge(settings) { false })
    let mean = result.scores.reduce(0, +) / Double(result.scores.count)
    #expect(result.scores.count == judge.judgedCount)
    #expect(Set(result.scores).count > 2, "\(Set(result.scores))")
    #expect(abs(mean - result.metrics.score) < 1e-9)
  }

  @Test func `labels without a document to train on can be left out`() throws {
    let data = madeDataset(3000, labels: 1500, labelTexts: true)
    func judge(_ knownLabels: Bool) throws -> HeldOutJudge {
      try #require(
        HeldOutJudge(
          data, learning: 1000, judging: 800, share: (500, 500), knownLabels: knownLabels,
          decantVersion: "test"))
    }
    let (known, all) = (try judge(true), try judge(false))
    #expect(known.learntCount == all.learntCount)
    #expect(known.judgedCount > 100 && 2 * known.judgedCount < all.judgedCount)
    var settings = TrainingConfiguration(dataset: "made", threads: 1)
    settings.model.labels = .both
    let scores = try [known, all].map { try #require(try $0.judge(settings) { false }) }
    #expect(scores[0].metrics.score > scores[1].metrics.score)
  }

  @Test func `fewer epochs are not tried where most labels are found`() throws {
    var lines: [String] = []
    var draft = SettingsDraft()
    draft.values["dataset"] = .string("made")
    _ = try DataDefaults(
      madeDataset(4000, labels: 12), decantVersion: "test", reporting: { lines.append($0) }
    ).choose(in: &draft) { try $0.completed() }
    #expect(lines.contains { $0.contains("memory") } && !lines.contains { $0.contains("epochs") })
  }

  @Test(arguments: ["model.wide", "loss"])
  func `a group that was chosen is left alone`(path: String) throws {
    let setting = try #require(Setting.all.first { $0.path == path })
    let value: JSONValue =
      path == "loss" ? .object([.init("infoNCE", .init(.object([])))]) : .null
    var draft = SettingsDraft()
    #expect(!draft.isChosen(path) && !draft.isChosen("model.wide.method"))
    try draft.set(setting, to: .init(value))
    #expect(draft.isChosen(path))
    #expect(draft.isChosen("model.wide.method") == (path == "model.wide"))
  }

  @Test func `a memory is suggested unless the user chose about it`() throws {
    let memory = DocumentMemoryConfiguration(neighbours: 3, temperature: 0.1, weight: 2)
    var draft = SettingsDraft()
    draft.values["dataset"] = .string("d")
    #expect(try draft.completed().memory == nil)
    let choices = DefaultRule.memory(memory).compactMap { $0.apply(to: &draft) }
    #expect(choices.map(\.setting) == ["memory.neighbours", "memory.temperature", "memory.weight"])
    #expect(try draft.completed().memory == memory)
    let setting = try #require(Setting.all.first { $0.path == "memory" })
    for value in [JSONValue.null, .object([])] {
      var chosen = SettingsDraft()
      try chosen.set(setting, to: .init(value))
      #expect(DefaultRule.memory(memory).allSatisfy { !$0.isOpen(in: chosen) })
      #expect(chosen.contains("memory") == (value != .null))
    }
  }

  @Test func `a suggested group is added`() throws {
    var draft = SettingsDraft()
    draft.values["dataset"] = .string("d")
    draft.suggest(.string("binaryCrossEntropy"), for: "loss")
    draft.suggest(.number("30"), for: "model.wide.learningRate")
    let settings = try draft.completed()
    #expect(settings.loss.name == "binaryCrossEntropy" && settings.model.wide?.learningRate == 30)
  }

  @Test func `texts without names lose the families of the title`() throws {
    let plain = try choose(madeDataset(60, labels: 5))
    #expect(!plain.settings.features.families.contains { $0.scope == .title })
    #expect(plain.choices.contains { $0.setting == "features.families" })
    let named = try choose(madeDataset(60, labels: 5) { "p\($0): of topic\($1)" })
    #expect(named.settings.features == TextFeatures.Configuration())
  }

  /// Texts of which half have a random label: learnt by heart, they say nothing about others.
  @Test func `noisy labels get fewer epochs, several a document or one`() throws {
    for perDocument in [1, 2] {
      var state: UInt64 = 1
      let data = madeDataset(8000, labels: 12, perDocument: perDocument) { row, label in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let shown = (state >> 60) < 8 ? label : Int(state >> 33) % 12
        return "topic\(shown) word\(state >> 40 & 4095) word\(state >> 20 & 4095)"
      }
      let chosen = try choose(data)
      #expect(chosen.settings.loop.epochs < 5, "\(perDocument) labels")
      #expect(chosen.choices.contains { $0.setting == "loop.epochs" })
    }
    let clear = try choose(madeDataset(8000, labels: 12)).settings
    // Everything is learnt: neither fewer epochs nor a memory gain anything.
    #expect(clear.loop.epochs == 5 && clear.memory == nil)
  }

  @Test func `bags of words get linear weights if a pilot likes them, measurements never`() {
    var profile = DataProfile(documents: 2000, labels: 20, pairs: 4000, hasTexts: false)
    for (share, isTried) in [(0.24, true), (0.25, false)] {
      profile.featureShare = share
      let wide = DefaultCandidate.candidates(for: profile).filter { candidate in
        candidate.rules.contains { $0.setting == "model.wide.method" }
      }
      #expect(wide.count == (isTried ? 1 : 0))
      // The hidden layer of the rules would stay next to the weights.
      #expect(
        wide.allSatisfy { candidate in
          candidate.rules.contains {
            $0.setting == "model.encoder.hiddenDimensions" && $0.value == .array([])
          }
        })
    }
  }

  @Test func `measurements get no linear model, bags of words may`() {
    var profile = DataProfile(documents: 1000, labels: 20, pairs: 1000, hasTexts: false)
    for (share, count) in [(0.24, 1), (0.25, 0)] {
      profile.featureShare = share
      #expect(DefaultCandidate.candidates(for: profile).count == count)
    }
    let matrix = CSRMatrix(rows: [[0, 1], [2], [0, 1, 2, 3]], columnCount: 4)
    let train = Split(
      documentIndices: MappedArray([0, 1]), labels: CSRMatrix(rows: [[0], [0]], columnCount: 1))
    let dataset = Dataset(
      documents: Documents(
        ids: TextColumn(["a", "b", "c"]),
        content: .features(matrix, names: ["w", "x", "y", "z"])),
      labels: Labels(ids: TextColumn(["l"])), train: train,
      description: DatasetDescription(name: "made", statistics: .init(train: train)))
    #expect(DataProfile(dataset).featureShare == 3.0 / 8)
  }

  @Test func `word pairs of the whole text need many documents a label`() throws {
    var profile = DataProfile(documents: 9000, labels: 9, pairs: 9000)
    profile.multilineShare = 1
    for (labels, words, families) in [
      (9, 111, DefaultFamilies.paragraphs), (10, 112, DefaultFamilies.plain),
      // A million words take no time.
      (10, 111, DefaultFamilies.wholeTexts),
    ] {
      (profile.labels, profile.medianWords) = (labels, words)
      let value = DefaultRule.rules(for: profile).first { $0.setting == "features.families" }?.value
      #expect(value == JSONValue(encoding: families))
    }
  }

  @Test func `features of a single document are kept in fewer than 20`() throws {
    for (documents, hasTexts, minimum) in [(19, true, 1), (19, false, 1), (20, true, 2)] {
      let rules = DefaultRule.rules(
        for: DataProfile(documents: documents, labels: 2, pairs: documents, hasTexts: hasTexts))
      let value = rules.first { $0.setting == "features.minimumDocumentCount" }?.value
      #expect(value == (minimum == 1 ? .number("1") : nil), "\(documents)")
    }
    let setting = try #require(
      Setting.all.first { $0.path == "features.minimumDocumentCount" })
    let chosen = try choose(madeDataset(12, labels: 3)) {
      try $0.set(setting, to: .init(.number("2")))
    }
    #expect(chosen.settings.features.minimumDocumentCount == 2)
  }

  @Test func `few features get a hidden layer, many do not`() {
    for (documents, features, isHidden) in [
      (4999, 2000, true), (5000, 2000, true), (5000, 2001, false), (4999, 2001, true),
    ] {
      var profile = DataProfile(documents: documents, labels: 20, pairs: documents, hasTexts: false)
      profile.features = features
      let settings = DefaultRule.rules(for: profile).map(\.setting)
      #expect(settings.contains("model.encoder.hiddenDimensions") == isHidden)
    }
  }

  @Test func `a setting that was chosen is left alone`() throws {
    let setting = try #require(Setting.all.first { $0.path == "optimization.batchSize" })
    let (settings, choices) = try choose(madeDataset(60, labels: 5)) {
      try $0.set(setting, to: .init(.number("128")))
    }
    #expect(settings.optimization.batchSize == 128)
    #expect(!choices.contains { $0.setting == setting.path })
  }

  @Test func `the same data gives the same choices`() throws {
    let data = madeDataset(3000, labels: 300, labelTexts: true)
    let (first, second) = (try choose(data), try choose(data))
    #expect(first.settings == second.settings && first.choices == second.choices)
  }
}

import Datasets
import Extreme
import Foundation
import Models
import Storage
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
    #expect(plain.isSingleLabel && plain.hasTexts)
    #expect(plain.labelTextShare == 1 && plain.namedShare == 0 && plain.medianWords == 5)
    #expect(plain.documentsPerLabel == 12)
    let named = DataProfile(madeDataset(60, labels: 5, perDocument: 2) { "p\($0): of topic\($1)" })
    #expect(named.namedShare == 1 && named.labelTextShare == 0)
    #expect(!named.isSingleLabel && named.pairs == 120)
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
    for documents in [100, 1000, 4500, 20_000] {
      for hasTexts in [false, true] {
        var profile = DataProfile(
          documents: documents, labels: 2000, pairs: documents, isSingleLabel: true,
          hasTexts: hasTexts)
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
    #expect(Setting.followingData.isSubset(of: names))
  }

  @Test func `folds judge every document once`() throws {
    let folds = HeldOutJudge.folds(5, of: madeDataset(300, labels: 3), decantVersion: "test")
    #expect(folds.count == 5)
    #expect(folds.reduce(0) { $0 + $1.judgedCount } == 300)
    #expect(folds.allSatisfy { $0.learntCount + $0.judgedCount == 300 })
    #expect(HeldOutJudge.folds(5, of: madeDataset(40, labels: 3), decantVersion: "test").isEmpty)
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

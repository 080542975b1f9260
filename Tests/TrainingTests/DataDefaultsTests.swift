import Datasets
import Foundation
import Models
import Storage
import Testing
import Training

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

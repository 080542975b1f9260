import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@testable import Models

@Suite struct TrainingLossTests {
  private static let names = TrainingLoss.kinds.map(\.name)

  private func loss(_ name: String) throws -> TrainingLoss {
    let kind = try #require(TrainingLoss.kinds.first { $0.name == name })
    return TrainingLoss(kind.usual)
  }

  @Test(arguments: names)
  func `survives a round trip through its record`(name: String) throws {
    let loss = try loss(name).with(temperature: 3)
    let data = try JSONEncoder().encode(loss)
    #expect(String(decoding: data, as: UTF8.self).hasPrefix("{\"\(name)\":{"))
    #expect(try JSONDecoder().decode(TrainingLoss.self, from: data) == loss)
    #expect(loss.name == name && loss.temperature == 3)
    #expect(loss.with(temperature: 0.125).with(temperature: 3) == loss)
  }

  @Test func `names and words are unique`() {
    #expect(Set(Self.names).count == Self.names.count)
    #expect(Set(TrainingLoss.kinds.map(\.word)).count == Self.names.count)
  }

  @Test func `the record names the loss and its settings`() throws {
    let data = try JSONEncoder().encode(TrainingLoss(InfoNCELoss(temperature: 0.5)))
    #expect(String(decoding: data, as: UTF8.self) == #"{"infoNCE":{"temperature":0.5}}"#)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let search = try encoder.encode(TrainingLoss(SoftTopKLoss(temperature: 1)))
    #expect(
      String(decoding: search, as: UTF8.self)
        == #"{"softTopK":{"places":"5+","sharpness":2,"temperature":1}}"#)
  }

  @Test(arguments: [
    (#"{"atLeast":{"_0":5}}"#, SoftTopKLoss.Places.atLeast(5)), (#"{"fixed":{"_0":3}}"#, .fixed(3)),
    (#"{"positives":{}}"#, .positives), (#""3""#, .fixed(3)), (#""3+""#, .atLeast(3)),
    (#""labels""#, .positives),
  ])
  func `reads the K of soft top-k in its old form and as a word`(
    json: String, places: SoftTopKLoss.Places
  ) throws {
    #expect(try JSONDecoder().decode(SoftTopKLoss.Places.self, from: Data(json.utf8)) == places)
  }

  @Test(arguments: [#""0""#, #""-1+""#, #""many""#, "{}", #"{"atLeast":{}}"#, "[]"])
  func `refuses another K of soft top-k`(json: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(SoftTopKLoss.Places.self, from: Data(json.utf8))
    }
  }

  @Test(arguments: [
    #"{}"#, #"{"unheardOf":{}}"#,
    #"{"infoNCE":{"temperature":1},"squaredHinge":{"temperature":1}}"#,
  ])
  func `refuses other records`(json: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(TrainingLoss.self, from: Data(json.utf8))
    }
  }

  @Test func `a loss that this program lacks is stored as it was read`() throws {
    let json = #"{"other":{"name":"FocalLoss","settings":"{\"focus\": 2}","temperature":0.5}}"#
    let loss = try JSONDecoder().decode(TrainingLoss.self, from: Data(json.utf8))
    #expect(loss.name == "FocalLoss" && loss.temperature == 0.5 && !loss.isOffered)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(String(decoding: try encoder.encode(loss), as: UTF8.self) == json)
    #expect(loss.with(temperature: 1) != loss)
    // A training with its settings needs another loss.
    let settings = TrainingConfiguration(loss: loss)
    var draft = SettingsDraft(settings)
    let error = #expect(throws: ValueError.self) { try draft.completed() }
    #expect(error?.reason.contains("FocalLoss belongs to the program") == true)
    draft.add("loss.infoNCE")
    #expect(try draft.completed().loss.value is InfoNCELoss)
  }

  @Test func `a settings file cannot name a loss of a program's own`() throws {
    let text = #"{"loss": {"other": {"name": "FocalLoss", "temperature": 1, "settings": "{}"}}}"#
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "settings.json")
    let error = #expect(throws: InputError.self) { try SettingsFile(contentsOf: path) }
    #expect(error?.reason.contains("\"other\" in loss is not known") == true)
  }
}

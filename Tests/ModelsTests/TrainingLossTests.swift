import Extreme
import Foundation
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
}

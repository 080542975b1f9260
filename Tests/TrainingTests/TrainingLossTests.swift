import Foundation
import Learning
import Testing
import Training

@Suite struct TrainingLossTests {
  @Test(arguments: [
    TrainingLoss.decoupledSoftmax(.init(temperature: 2)), .infoNCE(.init(temperature: 0.5)),
    .binaryCrossEntropy(.init(temperature: 1, blockSize: 7)), .softTopK(.init(temperature: 3)),
    .squaredHinge(.init(temperature: 4)), .mlcd(.init(temperature: 6)),
    .zLoss(.init(sharpness: 2)),
  ])
  func survivesARoundTripThroughItsRecord(loss: TrainingLoss) throws {
    let data = try JSONEncoder().encode(loss)
    #expect(try JSONDecoder().decode(TrainingLoss.self, from: data) == loss)
    #expect(loss.with(temperature: 0.125).temperature == 0.125)
    #expect(loss.with(temperature: 0.125).with(temperature: loss.temperature) == loss)
  }

  @Test func theRecordNamesTheLossAndItsSettings() throws {
    let data = try JSONEncoder().encode(TrainingLoss.infoNCE(.init(temperature: 0.5)))
    #expect(String(decoding: data, as: UTF8.self) == #"{"infoNCE":{"temperature":0.5}}"#)
  }

  @Test(arguments: [
    #"{}"#, #"{"unheardOf":{}}"#,
    #"{"infoNCE":{"temperature":1},"squaredHinge":{"temperature":1}}"#,
  ])
  func otherRecordsAreRefused(json: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(TrainingLoss.self, from: Data(json.utf8))
    }
  }
}

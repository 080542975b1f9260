import Streams
import TestSupport
import Testing

@Suite struct RecordTests {
  static let records = [
    Record(ADWINDetector()), Record(IHOMERLearner.Configuration(decision: .half, neighbours: 3)),
  ]

  @Test(arguments: records) func `round-trips through Codable`(_ record: Record) throws {
    try record.roundTrips()
  }
}

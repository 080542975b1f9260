import Noise
import TestSupport
import Testing

@Suite struct RecordTests {
  static let records = [
    Record(ConfidentLearning(order: .adjusted)), Record(NeighbourLabels(count: 4)),
  ]

  @Test(arguments: records) func `round-trips through Codable`(_ record: Record) throws {
    try record.roundTrips()
  }
}

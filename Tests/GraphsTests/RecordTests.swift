import Graphs
import TestSupport
import Testing

@Suite struct RecordTests {
  static let records = [
    Record(NodeTraining(epochs: 7, patience: 3)), Record(LabelPropagation(share: 0.3, steps: 2)),
    Record(CorrectAndSmooth(scale: 0.5)),
    Record(
      GraphAttention.Configuration(
        inputs: 2, outputs: 3, heads: 4, averages: true, slope: 0.1, dropout: 0.2)),
  ]

  @Test(arguments: records) func `round-trips through Codable`(_ record: Record) throws {
    try record.roundTrips()
  }
}

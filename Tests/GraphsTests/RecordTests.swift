import Graphs
import TestSupport
import Testing

@Suite struct RecordTests {
  static let records = [
    Record(NodeTraining(epochs: 7, patience: 3)), Record(LabelPropagation(share: 0.3, steps: 2)),
    Record(MEOWLoss(temperature: 0.9, prototypeWeight: 0.5)),
    Record(LaplacianEncoding(count: 3)), Record(RandomWalkEncoding(steps: 3)),
    Record(GraphTransformer.Configuration(inputs: 2, outputs: 3, width: 8, hasAttention: false)),
    Record(CorrectAndSmooth(scale: 0.5)), Record(LightHGNNLoss(knownShare: 0.25)),
    Record(ERASE(squaredPrecision: 0.4, knownShare: 0.7, steps: 4)), Record(POT(share: 0.2)),
    Record(GRACE.Configuration(temperature: 0.9, edgeDropouts: [0.2, 0])),
    Record(GRACE.Training(epochs: 3)), Record(PamCLoss(sharpness: 2)),
    Record(
      GraphAttention.Configuration(
        inputs: 2, outputs: 3, heads: 4, averages: true, slope: 0.1, dropout: 0.2)),
    Record(GAIS(groups: .hashes(planes: [2, 4], views: 3), keptShare: 0.2, score: .confidence)),
    Record(ProteinRPN.Configuration(inputs: 3, hidden: 5, steps: 1, share: 0.2)),
    Record(W2PGNN(distance: .init(regularization: 0.1), steps: 3)),
  ]

  @Test(arguments: records) func `round-trips through Codable`(_ record: Record) throws {
    try record.roundTrips()
  }
}

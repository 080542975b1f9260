import Contrastive
import Extreme
import Storage
import TestSupport
import Testing
import Torch

/// The losses that do not go through the golden checks of pairs and classes, which ask the same.
@Suite struct SecondDerivativesTests {
  private func matrices(_ count: Int, rows: Int = 4, width: Int = 3) -> [[[Double]]] {
    var random = SplitMix64(61)
    return (0..<count).map { _ in random.rows(rows, width) }
  }

  @Test func `conditional transport`() throws {
    let positives = CSRMatrix(rows: [[0, 2], [1]], columnCount: 4)
    try expectSecondDerivatives(at: matrices(2)) {
      try ConditionalTransportLoss(temperature: 0.7)(
        patches: $0[0].reshaped([2, 2, 3]), labels: $0[1], positives: positives)
    }
  }

  @Test func `coupled estimation, the other side held constant`() throws {
    let other = Tensor(rows: matrices(2)[1])
    let loss = CoupledEstimationLoss()
    try expectSecondDerivatives(at: matrices(1)) {
      try loss(relevance: $0[0], selection: other).relevance.sum()
    }
    try expectSecondDerivatives(at: matrices(1)) {
      try loss(relevance: other, selection: $0[0]).selection.sum()
    }
  }

  @Test func `decoupled scene and motion`() throws {
    try expectSecondDerivatives(at: matrices(3)) {
      DecoupledSceneMotion(margin: 2)(anchors: $0[0], positives: $0[1], negatives: $0[2])
    }
  }

  @Test func `rejects second derivatives of the streamed losses`() throws {
    let inputs = matrices(2).map { Tensor(rows: $0).requiringGradient() }
    let values = [
      try NTXentLoss()(first: inputs[0], second: inputs[1]),
      try ModernHopfieldRetrieval()(states: inputs[0], stored: inputs[1]).sum(),
      try MultiSimilarityLoss()(embeddings: inputs[0], classes: [0, 0, 1, 1]),
      try ArcFaceLoss()(embeddings: inputs[0], weights: inputs[1], classes: [0, 1, 2, 3]),
      try TripletLoss(margin: 5)(embeddings: inputs[0], classes: [0, 0, 1, 1]),
      try BarlowTwinsLoss()(first: inputs[0], second: inputs[1]),
      try VICRegLoss()(first: inputs[0], second: inputs[1]),
      try SquaredHingeLoss()(
        queries: inputs[0], labels: inputs[1], bias: nil,
        positives: CSRMatrix(rows: [[0], [1], [2], [3]], columnCount: 4)),
    ]
    for (index, value) in values.enumerated() {
      let error = try #require(throws: TorchError.self, "loss \(index)") {
        try gradients(of: value, withRespectTo: [inputs[0]], creatingGraph: true)
      }
      #expect(error.kind == .notImplemented && error.message.contains("only first gradients"))
    }
  }
}

import Extreme
import Storage
import TestSupport
import Testing
import Torch

@Suite struct DualEncoderPoolTests {
  @Test(arguments: DualEncoder.LabelSource.allCases, [false, true])
  func `a pool selects rows of the full label matrix`(
    source: DualEncoder.LabelSource, normalized: Bool
  ) throws {
    let texts = CSRMatrix(rows: [[3], [0], [1, 2], [2]], columnCount: 4)
    let documents = CSRMatrix(rows: [[0, 2], [1]], columnCount: 4)
    let model = DualEncoder(
      .init(encoder: .init(dimension: 2, isNormalized: normalized), labels: source),
      featureCount: 4, labelCounts: [3, 0, 7, 1], documentCount: 10,
      generator: Generator(seed: 2))
    if let vectors = model.labelVectors {
      withoutGradients {
        vectors.copyInPlace(from: Tensor(rows: [[1, 2], [3, 4], [5, 6], [7, 8]]))
      }
    }
    var random = SplitMix64(1)
    let pool = LabelPool(
      .init(), positives: CSRMatrix(rows: [[3, 1]], columnCount: 4), using: &random)
    let labelTexts = source == .free ? nil : texts
    let all = try model(documents: documents, labelTexts: labelTexts)
    let part = try model(documents: documents, labelTexts: labelTexts, pool: pool)
    let rows = Tensor([1, 3])
    expectClose(part.documents.detached(), all.documents.detached(), tolerance: 1e-6)
    expectClose(part.labels.detached(), all.labels.gathered(rows: rows).detached(), tolerance: 1e-6)
    expectClose(
      part.bias?.detached(), model.bias?.gathered(rows: rows).detached(), tolerance: 1e-6)
  }
}

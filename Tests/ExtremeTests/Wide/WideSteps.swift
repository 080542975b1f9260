import Extreme
import Storage
import Torch

/// Steps of PyTorch's optimisers on a wide part, as a golden file holds them.
struct WideSteps: Decodable {
  struct Step: Decodable {
    struct Batch: Decodable {
      let bags: [[Int]]
      let values: [[Float]]?
    }
    let learningRate: Double
    let batch: Batch
    let scoreGradient: [[Double]]
    let weights: [Double]
    let state: [String: [Double]]
  }
  let features: Int
  let labels: Int
  let pairs: [[Int]]
  let weights: [Double]
  let steps: [Step]

  /// The wide part at the start.
  func model(_ dtype: DType) -> SparseLinear {
    SparseLinear(
      pattern: CSRMatrix(
        rows: (0..<features).map { feature in
          pairs.filter { $0[0] == feature }.map { $0[1] }
        }, columnCount: labels),
      weights: Tensor(weights).converted(to: dtype))
  }

  /// The scores of a step's batch with ∂L/∂s come back, in blocks of labels.
  func scores(_ step: Step, _ model: SparseLinear, width: Int) -> SparseLinearScores {
    let plain = CSRMatrix(rows: step.batch.bags, columnCount: features)
    let scores = model(
      CSRMatrix(
        rowOffsets: plain.rowOffsets, columns: plain.columns,
        values: step.batch.values.map { MappedArray(Array($0.joined())) },
        columnCount: features))
    for start in stride(from: 0, to: labels, by: width) {
      let range = start..<min(start + width, labels)
      let block = Tensor(rows: step.scoreGradient.map { Array($0[range]) })
      scores.accumulate(
        gradient: (block * 4).converted(to: model.weights.dtype), labels: range, scale: 0.25)
    }
    return scores
  }
}

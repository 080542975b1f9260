import Foundation
import Kernels
public import Storage
public import Torch

/// The divergence of a query's softmax over all labels from that of a teacher.
///
/// A student's scores are pulled towards a teacher's, which say how sure a label is and which others are
/// near. The teacher lists labels Kᵢ of query i with scores tᵢⱼ; other labels have the probability 0.
/// With T the softness, τ the student's temperature and B′ the number of queries that have a list:
///
///     pᵢⱼ = exp(tᵢⱼ / T) / Σ_{k ∈ Kᵢ} exp(tᵢₖ / T)
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     L   = (T² / B′) Σᵢ Σ_{j ∈ Kᵢ} pᵢⱼ (log pᵢⱼ − log softmax(sᵢ / T)ⱼ)
///
/// - Inputs: teacher outputs
/// - Paper: Hinton, Vinyals, Dean. Distilling the Knowledge in a Neural Network. 2015, section 2.
///   <https://arxiv.org/abs/1503.02531>
/// - Gradient: reaches queries, labels and bias. ∂L/∂sᵢⱼ = T (softmax(sᵢ / T)ⱼ − pᵢⱼ) / B′.
/// - Units: nats times T², which keeps the gradient's size for every T; the mean over queries. 0 only
///   where both distributions are equal.
/// - Departures: the paper's cross-entropy is larger by the teacher's entropy, a constant, and its
///   teacher scores all classes.
/// - Degenerate: a query without a list is left out of the mean; an empty mean is 0 with gradient 0. A
///   label listed twice counts once, with its larger score.
public struct DistillationLoss: Codable, Hashable, Sendable {
  /// The student's temperature τ > 0, 1 by our default; inner products are divided by it.
  public var temperature: Double
  /// The softness T > 0 of both distributions, 1 by our default; the paper tries 1 to 20.
  public var softness: Double
  /// The number of labels per block; nil, our default, means about a million scores.
  ///
  /// It affects the result only by rounding.
  public var blockSize: Int?

  /// Creates the loss.
  public init(temperature: Double = 1, softness: Double = 1, blockSize: Int? = nil) {
    self.temperature = temperature
    self.softness = softness
    self.blockSize = blockSize
  }

  /// The loss over all labels; the score matrix is never materialised.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`, added to the scores; nil is 0.
  ///   - teacher: `[B, L]`, the lists with the scores t as values.
  ///   - offset: scores of a wide model, added unscaled; receives its own gradient. Only for T = 1.
  /// - Returns: a number. Differentiable once; `callAsFunction(scores:teacher:)` any number of times.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, dtypes and devices are equal, τ and T > 0; the teacher has
  ///   values, and they are finite.
  /// - Complexity: O(B · L · D) time; O(B · `blockSize` + B + teacher) memory in addition to the
  ///   gradients.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, teacher: CSRMatrix,
    offset: SparseLinearScores? = nil
  ) throws -> Tensor {
    precondition(offset == nil || softness == 1, "the scores of a wide model are not softened")
    let targets = targets(teacher)
    return try SoftenedDivergence(
      temperature: temperature * softness, blockSize: blockSize, entropy: targets.entropy
    ).streamed(
      queries: queries, labels: labels, bias: bias.map { $0 * (1 / softness) },
      positives: targets.matrix, offset: offset) * (softness * softness)
  }

  /// The loss of a score matrix; τ is not applied.
  ///
  /// - Parameters:
  ///   - scores: `[B, L]`.
  ///   - teacher: `[B, L]`, the lists with the scores t as values.
  /// - Returns: a number.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Complexity: O(B · L) time and memory.
  public func callAsFunction(scores: Tensor, teacher: CSRMatrix) throws -> Tensor {
    let targets = targets(teacher)
    return try checked {
      let cells = PositiveCells(ofScores: scores, targets.matrix)
      let logProbabilities = (scores * (1 / softness)).logSoftmax(along: 1)
      let terms =
        logProbabilities.elements(at: cells.positions) * cells.grades.converted(to: scores.dtype)
      let mean = -terms.sum() * cells.shareOfRow - targets.entropy
      return mean * (softness * softness)
    }
  }

  /// The probabilities p, and the mean entropy of the lists.
  private func targets(_ teacher: CSRMatrix) -> (matrix: CSRMatrix, entropy: Double) {
    precondition(softness > 0 && softness.isFinite, "the softness \(softness) is not positive")
    guard let scores = teacher.values else {
      preconditionFailure("the teacher lists labels without scores")
    }
    var offsets: [Int64] = [0]
    var columns: [Int32] = []
    var probabilities: [Float] = []
    var entropy = 0.0
    var count = 0
    for row in 0..<teacher.rowCount {
      var best: [Int32: Double] = [:]
      for entry in teacher.entries(ofRow: row) {
        let score = Double(scores[entry]) / softness
        precondition(score.isFinite, "row \(row) of the teacher has the score \(scores[entry])")
        best[teacher.columns[entry]] = max(best[teacher.columns[entry]] ?? -.infinity, score)
      }
      let list = best.sorted { $0.key < $1.key }
      let peak = list.map(\.value).max() ?? 0
      let sum = list.reduce(0) { $0 + exp($1.value - peak) }
      for (label, score) in list {
        let logProbability = score - peak - log(sum)
        columns.append(label)
        probabilities.append(Float(exp(logProbability)))
        entropy -= exp(logProbability) * logProbability
      }
      count += list.isEmpty ? 0 : 1
      offsets.append(Int64(columns.count))
    }
    return (
      CSRMatrix(
        rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
        values: MappedArray(probabilities), columnCount: teacher.columnCount),
      entropy / Double(max(1, count))
    )
  }
}

/// The cross-entropy of a softmax with the grades of the positive cells, minus a constant.
private struct SoftenedDivergence: StreamedLoss {
  static let name = "DistillationLoss"

  let temperature: Double
  let blockSize: Int?
  let entropy: Double
  var sums: LabelSums { .all(.exponentials) }

  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    let terms = sums.logSumExp.gathered(rows: positives.rows) - positiveScores
    return (terms * positives.grades).sum() * positives.shareOfRow - entropy
  }

  func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  {
    let share = positives.shareOfRow
    let rowWeights = positives.sumsByRow(positives.grades) * share
    let probabilities = (positiveScores - sums.logSumExp.gathered(rows: positives.rows)).exp()
    let pulls = positives.grades * share
    return LossGradient(
      atPositives: probabilities * rowWeights.gathered(rows: positives.rows) - pulls,
      elsewhere: sums.softmax(times: rowWeights))
  }
}

extension PositiveCells {
  /// The weight of a row in a mean over the rows that have cells; 1 if none has.
  fileprivate var shareOfRow: Double {
    1 / max(1, counts.isEqual(to: 0).logicalNot().converted(to: .float64).sum().scalar)
  }
}

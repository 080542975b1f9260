import Kernels
public import Storage
public import Torch

/// A loss over labels that trusts doubtful positives less: each positive's −log q becomes a robust
/// term f(q).
///
/// `base` is the decoupled softmax, InfoNCE or binary cross-entropy, and q the probability that it
/// gives a positive: σ(sₚ − n) against the negatives, the softmax over all labels, or σ(sₚ). With the
/// weight cₚ that `base` gives the positive's −log q:
///
///     L = Σₚ cₚ f(qₚ) + the loss of the other labels in base
///
/// It streams as `base` does. The negatives of binary cross-entropy keep their loss: only labels that
/// are there are doubted, not those that are missing.
public struct RobustLoss<Base: LossOverLabels, Term: PositiveTerm>: LossOverLabels {
  /// The loss of clean labels.
  public var base: Base
  /// The replacement of −log q.
  public var term: Term

  /// Puts a term into a loss.
  public init(_ base: Base, _ term: Term) { (self.base, self.term) = (base, term) }

  /// The temperature of the base.
  public var temperature: Double {
    get { base.temperature }
    set { base.temperature = newValue }
  }

  /// The loss over all labels; the score matrix is never materialised.
  ///
  /// A term with targets has those of a first step.
  ///
  /// - Throws: `ValueError` for a base without probabilities of positives; `TorchError`.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?
  ) throws -> Tensor {
    try self(
      queries: queries, labels: labels, bias: bias, positives: positives, offset: offset,
      memory: TargetMemory(of: positives), rows: Array(0..<positives.rowCount))
  }

  /// The loss of rows of training documents, whose targets it updates.
  ///
  /// - Parameters:
  ///   - memory: the targets of all training documents; unused by a term without targets.
  ///   - rows: the numbers of the batch's documents in `memory`.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?, memory: TargetMemory, rows: [Int]
  ) throws -> Tensor {
    let (term, step) = (term, RobustStep(memory, positives, rows))
    func streamed(_ base: some PositiveCrossEntropy) throws -> Tensor {
      try RobustCall(base: base) { logs, _, cells in
        term(
          logProbabilities: logs,
          targets: term.targetMomentum.map { step.targets(logs.exp(), momentum: $0, cells) })
      }
      .streamed(queries: queries, labels: labels, bias: bias, positives: positives, offset: offset)
    }
    return try streamed(base.withProbabilities())
  }
}

/// The targets of one call, which the backward pass sees as the forward pass did.
private final class RobustStep: Sendable {
  private let batch: CSRMatrix
  private let rows: [Int]
  // The memory belongs to the training, which runs one step at a time.
  nonisolated(unsafe) private let memory: TargetMemory
  // Written once, before the call that made it returns.
  nonisolated(unsafe) private var targets: Tensor?

  init(_ memory: TargetMemory, _ batch: CSRMatrix, _ rows: [Int]) {
    (self.memory, self.batch, self.rows) = (memory, batch, rows)
  }

  func targets(_ probabilities: Tensor, momentum: Double, _ cells: PositiveCells) -> Tensor {
    if let targets { return targets }
    let result = memory.updated(
      by: probabilities.detached(), momentum: momentum, cells: (cells.rows, cells.columns),
      batch: batch, rows: rows)
    targets = result
    return result
  }
}

public import Storage
public import Torch

/// A loss that can keep a number per training pair from step to step.
public protocol LossWithTargets: LossOverLabels {
  /// The loss of rows of training documents; see `RobustLoss`.
  func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?, memory: TargetMemory, rows: [Int]
  ) throws -> Tensor
}

extension LossWithTargets {
  /// The loss with the learnt temperature exp(`logTemperature`); nil takes `temperature`.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    logTemperature: Tensor?, offset: SparseLinearScores?, memory: TargetMemory, rows: [Int]
  ) throws -> Tensor {
    let (loss, divided) = logTemperature.map { dividing(queries, by: $0) } ?? (self, queries)
    return try loss(
      queries: divided, labels: labels, bias: bias, positives: positives, offset: offset,
      memory: memory, rows: rows)
  }
}

extension RobustLoss: LossWithTargets {}

/// A loss of one of two models that learn together.
public protocol LossOfPairs: LossOverLabels {
  /// The share of positives to forget.
  var forgetRate: Double { get set }
  /// The loss with another model's selection; see `CoTeachingLoss`.
  func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?, choosing own: SmallLossSelection,
    learningFrom other: SmallLossSelection?
  ) throws -> Tensor
}

extension LossOfPairs {
  /// The loss with the learnt temperature exp(`logTemperature`); nil takes `temperature`.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    logTemperature: Tensor?, offset: SparseLinearScores?, choosing own: SmallLossSelection,
    learningFrom other: SmallLossSelection?
  ) throws -> Tensor {
    let (loss, divided) = logTemperature.map { dividing(queries, by: $0) } ?? (self, queries)
    return try loss(
      queries: divided, labels: labels, bias: bias, positives: positives, offset: offset,
      choosing: own, learningFrom: other)
  }
}

extension CoTeachingLoss: LossOfPairs {}

public import Extreme
public import Storage
public import Torch

/// A loss of another program, as a run names it: a model that was trained with it can be used, but not
/// trained.
public struct UnknownLoss: LossOverLabels {
  /// The name of its type.
  public let name: String
  /// The softmax temperature.
  public var temperature: Double
  /// Its own JSON.
  private let settings: String

  init(_ loss: any LossOverLabels, named name: String) {
    self.name = name
    temperature = loss.temperature
    settings = JSONValue(encoding: loss).json
  }

  /// - Throws: `ValueError`, always.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?
  ) throws -> Tensor { throw fault }

  /// The error of an attempt to train with it.
  var fault: ValueError {
    ValueError(
      "loss", reason: "\(name) belongs to the program that trained the run",
      expected: "a training by that program, or one of the losses of decant train --loss")
  }
}

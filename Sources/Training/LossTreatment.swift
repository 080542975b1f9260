import Extreme
import Models
import Storage
import Torch

/// The treatment of labels that may be wrong, and of frequent and rare ones, in a training.
struct LossTreatment {
  /// The training documents' labels, with weights where the method has them.
  let positives: CSRMatrix
  /// The targets of early learning; nil for other methods.
  let targets: TargetMemory?
  private let plain: TrainingLoss
  private let robust: TrainingLoss?
  private let warmup: Int
  /// Numbers that are added to the scores of this process's labels, `[L]`.
  private let offsets: Tensor?

  /// - Parameters:
  ///   - labels: `[N, L]`, of the training documents.
  ///   - held: the labels of this process.
  /// - Throws: `ValueError` if a method does not suit the loss.
  init(_ configuration: TrainingConfiguration, labels: CSRMatrix, held: Range<Int>) throws {
    try configuration.checkTreatments()
    var (plain, positives, offsets) = (configuration.loss, labels, Tensor?.none)
    switch try configuration.imbalance?.change(of: plain) {
    case .loss(let loss): plain = loss
    case .weights(let weights): positives = weights.weighting(labels)
    case .scores(let adjustment):
      offsets = adjustment.offsets(counts: labels.columnCounts())[held].copied()
    case nil: break
    }
    (self.plain, self.positives, self.offsets) = (plain, positives, offsets)
    robust = try configuration.robust?.loss(plain)
    warmup = configuration.robust?.warmup ?? 0
    targets = configuration.robust?.method == .earlyLearning ? TargetMemory(of: labels) : nil
  }

  /// The loss of an epoch, from 0.
  func loss(ofEpoch epoch: Int) -> TrainingLoss {
    guard let robust else { return plain }
    guard epoch < warmup else { return robust }
    guard let pair = robust.value as? any LossOfPairs else { return plain }
    func forgetting(_ pair: some LossOfPairs) -> TrainingLoss {
      var pair = pair
      pair.forgetRate *= Double(epoch) / Double(warmup)
      return TrainingLoss(pair)
    }
    return forgetting(pair)
  }

  /// The biases with the numbers that training adds to scores.
  ///
  /// - Parameters:
  ///   - bias: those of this process's labels that take part; nil for 0.
  ///   - rows: selects the rows of the labels that take part.
  func adjusted(_ bias: Tensor?, selecting rows: (Tensor) -> Tensor = { $0 }) -> Tensor? {
    guard let offsets else { return bias }
    guard let bias else { return rows(offsets) }
    return bias + rows(offsets).sent(to: bias.device)
  }
}

extension TargetMemory: TaskPart {
  var prefix: String { "targets" }

  /// One tensor, named by the prefix alone.
  var state: [String: Tensor] { ["": values] }

  func restore(_ state: [String: Tensor]) throws {
    if let kept = state[""] { try restore(kept) }
  }
}

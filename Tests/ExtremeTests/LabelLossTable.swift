import Extreme

/// The losses over labels, a row for each.
enum LabelLossTable {
  static let rows = losses + variants

  /// The losses of the library.
  static let losses: [LabelLossRow] = [
    LabelLossRow(DecoupledSoftmaxLoss.self, DecoupledSoftmaxLossTests.equation),
    LabelLossRow(InfoNCELoss.self, InfoNCELossTests.equation),
    LabelLossRow(
      BinaryCrossEntropyLoss.self, BinaryCrossEntropyLossTests.equation,
      exceptions: separateLabels),
    // Slopes of ±4,000 cancel in the gradient of the bias.
    LabelLossRow(
      SquaredHingeLoss.self, SquaredHingeLossTests.equation, float32Tolerance: 1e-3,
      exceptions: separateLabels),
    // A threshold of 2,500 is known to 5e-13, and embeddings of size 100 multiply its error. The
    // loss reads the labels ten times, so the memory check has fewer.
    LabelLossRow(
      SoftTopKLoss.self, SoftTopKLossTests.fixed, tolerance: 1e-10, offsetTolerance: 1e-9,
      memoryLabelCount: 100_000),
    // Slopes of 1 / σ times embeddings of size 100 cancel.
    LabelLossRow(ZLoss.self, ZLossTests.equation, float32Tolerance: 1e-5),
    LabelLossRow(MLCDLoss.self, MLCDLossTests.equation, exceptions: separateLabels),
  ]

  /// Losses with other settings.
  private static let variants: [LabelLossRow] = [
    LabelLossRow(
      PlaceForEachPositive.self, SoftTopKLossTests.perRow, tolerance: 1e-10, offsetTolerance: 1e-9,
      exceptions: noReference),
    LabelLossRow(
      TwoPlacesOrMore.self, SoftTopKLossTests.twoOrMore, tolerance: 1e-10, offsetTolerance: 1e-9,
      exceptions: noReference),
    // Scores of 10,000 over λ: the last bits of both sides differ.
    LabelLossRow(
      LabelALDRKLLoss.self, LabelALDRKLLossTests.equation, tolerance: 1e-10,
      offsetTolerance: 1e-9,
      exceptions: storedScores.merging([.differences: "temperatures have no gradient"]) { $1 }),
    LabelLossRow(
      CoTeachingLoss<DecoupledSoftmaxLoss>.self, CoTeachingLossTests.equation,
      exceptions: detached(
        "the selection has no gradient",
        ownReference.merging([.order: "of equal positives, the first ones stay"]) { $1 })),
    LabelLossRow(
      LabelDiceLoss.self, LabelDiceLossTests.equation,
      exceptions: separateLabels.merging(storedScores) { $1 }),
    // The amplified sigmoid multiplies the rounding of scores.
    LabelLossRow(
      LabelAnyLoss.self, LabelAnyLossTests.equation, float32Tolerance: 1e-5,
      exceptions: separateLabels.merging(storedScores) { $1 }),
    LabelLossRow(
      RobustLoss<DecoupledSoftmaxLoss, GeneralizedTerm>.self,
      RobustEquation.softmax(GeneralizedTermTests.terms), exceptions: ownReference),
    LabelLossRow(
      RobustLoss<DecoupledSoftmaxLoss, SymmetricTerm>.self,
      RobustEquation.softmax(SymmetricTermTests.terms), exceptions: ownReference),
    LabelLossRow(
      RobustLoss<DecoupledSoftmaxLoss, EarlyLearningTerm>.self,
      RobustEquation.softmax(EarlyLearningTermTests.terms),
      exceptions: detached("targets have no gradient", ownReference)),
    LabelLossRow(
      RobustLoss<DecoupledSoftmaxLoss, ReweightingTerm>.self,
      RobustEquation.softmax(ReweightingTermTests.terms),
      exceptions: detached("weights have no gradient", ownReference)),
    LabelLossRow(
      RobustLoss<BinaryCrossEntropyLoss, GeneralizedTerm>.self,
      RobustEquation.separate(GeneralizedTermTests.terms),
      exceptions: separateLabels.merging(ownReference) { $1 }),
    LabelLossRow(
      RobustLoss<BinaryCrossEntropyLoss, SymmetricTerm>.self,
      RobustEquation.separate(SymmetricTermTests.terms),
      exceptions: separateLabels.merging(ownReference) { $1 }),
    LabelLossRow(
      RobustLoss<BinaryCrossEntropyLoss, EarlyLearningTerm>.self,
      RobustEquation.separate(EarlyLearningTermTests.terms),
      exceptions: detached(
        "targets have no gradient", separateLabels.merging(ownReference) { $1 })),
    LabelLossRow(
      RobustLoss<BinaryCrossEntropyLoss, ReweightingTerm>.self,
      RobustEquation.separate(ReweightingTermTests.terms),
      exceptions: detached(
        "weights have no gradient", separateLabels.merging(ownReference) { $1 })),
  ]

  private static let ownReference: [LabelLossRow.Law: String] = [
    .reference: "the tests of the term read its golden file"
  ]

  /// Finite differences would approve a gradient through numbers that are held fixed.
  private static func detached(
    _ reason: String, _ others: [LabelLossRow.Law: String]
  ) -> [LabelLossRow.Law: String] {
    others.merging([.differences: reason, .requested: reason]) { $1 }
  }

  /// Losses composed of libtorch's operators.
  private static let storedScores: [LabelLossRow.Law: String] = [
    .blocks: "the matrix library adds up in another order with more threads",
    .requested: "recorded operators have second derivatives, too",
  ]

  private static let separateLabels: [LabelLossRow.Law: String] = [
    .offset: "scores are compared with 0, not with each other",
    .noPositives: "negatives have a loss without positives",
  ]

  private static let noReference: [LabelLossRow.Law: String] = [
    .reference: "the golden file has one setting"
  ]
}

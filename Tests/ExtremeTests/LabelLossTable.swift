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
  ]

  private static let separateLabels: [LabelLossRow.Law: String] = [
    .offset: "scores are compared with 0, not with each other",
    .noPositives: "negatives have a loss without positives",
  ]

  private static let noReference: [LabelLossRow.Law: String] = [
    .reference: "the golden file has one setting"
  ]
}

import ArgumentParser
import Learning

/// The wide part of a wide-and-deep model on the command line.
struct WideOptions: ParsableArguments {
  private static let defaults = SparseLinear.Configuration()

  enum OptimizerName: String, ExpressibleByArgument, CaseIterable {
    case adagrad, sgd
  }

  @Flag(
    inversion: .prefixedNo,
    help: "Whether pairs of a feature and a label seen together have weights too (default: no).")
  var wide: Bool?

  @Option(
    help: """
      How those weights are moved: adagrad (default), or sgd, for sparse features of few \
      documents.
      """)
  var wideOptimizer: OptimizerName?

  @Option(
    help: ArgumentHelp(
      "Learning rate of those weights (default: 0.3, or 100 for sgd).", valueName: "rate"))
  var wideLearningRate: Double?

  @Option(
    help: ArgumentHelp(
      "Features in a larger share of the documents have none "
        + "(default: \(defaults.maximumDocumentShare)).", valueName: "share"))
  var wideMaximumShare: Double?

  @Option(
    help: ArgumentHelp(
      "Documents that must have both; 0 takes all pairs, for few labels "
        + "(default: \(defaults.minimumPairCount)).",
      valueName: "count"))
  var wideMinimumCount: Int?

  func validate() throws {
    if let wideLearningRate, !(wideLearningRate > 0 && wideLearningRate.isFinite) {
      throw ValidationError(
        "--wide-learning-rate is \(wideLearningRate); it must be greater than 0.")
    }
    if let wideMaximumShare, !(0...1 ~= wideMaximumShare) {
      throw ValidationError("--wide-maximum-share is \(wideMaximumShare); it must be 0 to 1.")
    }
    if let wideMinimumCount, wideMinimumCount < 0 {
      throw ValidationError("--wide-minimum-count is \(wideMinimumCount); it must be at least 0.")
    }
    let others =
      wideOptimizer != nil || wideLearningRate != nil || wideMaximumShare != nil
      || wideMinimumCount != nil
    if others, wide != true {
      throw ValidationError("--wide-… options need --wide.")
    }
  }

  /// These options over what is set already.
  ///
  /// - Parameter hasBags: whether texts are embedded as bags, whose features the wide part needs.
  func applied(to current: SparseLinear.Configuration?, hasBags: Bool) throws
    -> SparseLinear.Configuration?
  {
    guard wide ?? (current != nil) else { return nil }
    guard hasBags else {
      throw ValidationError(
        "--wide needs the features of bags: --encoder bag or --encoder both.")
    }
    var result = current ?? .init()
    let method = wideOptimizer.map { $0 == .sgd ? SparseLinear.Method.sgd : .adagrad }
    if let method, method != result.method {
      result.method = method
      result.learningRate = SparseLinear.Configuration.usualRate(method)
    }
    if let wideLearningRate { result.learningRate = wideLearningRate }
    if let wideMaximumShare { result.maximumDocumentShare = wideMaximumShare }
    if let wideMinimumCount { result.minimumPairCount = wideMinimumCount }
    return result
  }
}

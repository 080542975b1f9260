/// Predicts the most frequent labels of the latest documents, whatever the document.
public final class PriorLearner: StreamLearner {
  private let decision: StreamDecision
  private let fading: Double
  private var rows = 0.0
  private var sums: [Double]
  private var score = DecisionScore()

  /// Creates a learner.
  ///
  /// - Parameter fading: the factor by which a document's weight decays per later document.
  public init(labelCount: Int, decision: StreamDecision, fading: Double = 0.998) {
    self.decision = decision
    self.fading = fading
    sums = Array(repeating: 0, count: labelCount)
  }

  /// Named statistics of the current state.
  public var state: [(name: String, value: Double)] { [] }

  /// Predicts the labels of a document, in ascending order.
  public func predict(_ example: StreamExample) -> [Int32] {
    guard rows > 0 else { return [] }
    return LabelExperts.chosen(sums.map { $0 / rows }, score, decision).map { Int32($0) }
  }

  /// Learns from a document and its labels.
  public func learn(_ example: StreamExample) {
    score.count(predict(example), example.labels, fading: fading)
    rows = fading * rows + 1
    for label in sums.indices { sums[label] *= fading }
    for label in example.labels { sums[Int(label)] += 1 }
  }
}

/// One logistic regression per label on the scaled features.
public final class LogisticLearner: StreamLearner {
  private let decision: StreamDecision
  private var scaling: StreamScaling
  private var model: LogisticRelevance
  private var score = DecisionScore()

  /// Creates a learner.
  public init(
    labelCount: Int, featureCount: Int, features: StreamFeatures, decision: StreamDecision,
    learningRate: Double = 1
  ) {
    self.decision = decision
    scaling = StreamScaling(features, featureCount: featureCount)
    model = LogisticRelevance(labelCount: labelCount, learningRate: learningRate)
  }

  /// Named statistics of the current state.
  public var state: [(name: String, value: Double)] { [] }

  /// Predicts the labels of a document, in ascending order.
  public func predict(_ example: StreamExample) -> [Int32] {
    LabelExperts.chosen(model.probabilities(scaling.scaled(example)), score, decision)
      .map { Int32($0) }
  }

  /// Learns from a document and its labels.
  public func learn(_ example: StreamExample) {
    let scaled = scaling.scaled(example)
    let probabilities = model.probabilities(scaled)
    let predicted = LabelExperts.chosen(probabilities, score, decision).map { Int32($0) }
    score.count(predicted, example.labels, fading: 0.998)
    model.learn(scaled, probabilities: probabilities)
    scaling.add(example)
  }
}

/// One tree for all labels.
public final class TreeLearner: StreamLearner {
  private let decision: StreamDecision
  private let tree: MultiLabelHoeffdingTree
  private var score = DecisionScore()

  /// Creates a learner.
  public init(
    labelCount: Int, featureCount: Int, features: StreamFeatures, decision: StreamDecision
  ) {
    self.decision = decision
    tree = MultiLabelHoeffdingTree(
      labelCount: labelCount, features: features, featureCount: featureCount)
  }

  /// Named statistics of the current state.
  public var state: [(name: String, value: Double)] { [("leaves", Double(tree.leafCount))] }

  /// Predicts the labels of a document, in ascending order.
  public func predict(_ example: StreamExample) -> [Int32] {
    LabelExperts.chosen(tree.probabilities(example), score, decision).map { Int32($0) }
  }

  /// Learns from a document and its labels.
  public func learn(_ example: StreamExample) {
    score.count(predict(example), example.labels, fading: 0.998)
    tree.learn(example, labels: example.labels.map(Int.init))
  }
}

extension DecisionScore {
  fileprivate mutating func count(_ predicted: [Int32], _ actual: [Int32], fading: Double) {
    add(
      agreements: LabelExperts.agreements(predicted.map(Int.init), actual.map(Int.init)),
      mentions: predicted.count + actual.count, fading: fading)
  }
}

/// A document of a stream: its features and its true labels.
public struct StreamExample: Sendable, Equatable {
  /// The nonzero columns, ascending.
  public var columns: [Int32]
  /// The value of each of `columns`.
  public var values: [Double]
  /// The labels, distinct and ascending.
  public var labels: [Int32]

  /// Creates an example.
  ///
  /// - Precondition: one value per column.
  public init(columns: [Int32], values: [Double], labels: [Int32]) {
    precondition(
      columns.count == values.count, "\(values.count) values for \(columns.count) columns")
    self.columns = columns
    self.values = values
    self.labels = labels
  }

  /// The value of `column`, 0 if it is not stored.
  func value(at column: Int32) -> Double {
    var low = 0
    var high = columns.count
    while low < high {
      let middle = (low + high) / 2
      if columns[middle] < column { low = middle + 1 } else { high = middle }
    }
    return low < columns.count && columns[low] == column ? values[low] : 0
  }
}

/// The kind of a stream's features.
public enum StreamFeatures: String, Codable, Hashable, Sendable, CaseIterable {
  /// Few of many columns, such as words: rows are scaled to unit length, trees test for presence.
  case sparse
  /// Numeric measurements that nearly every row has: columns are standardised with running
  /// statistics, trees compare values with thresholds.
  case dense
}

/// A model that sees each document once, first without its labels.
public protocol StreamLearner: AnyObject {
  /// Predicts the labels of a document, in ascending order; ignores the labels of `example`.
  func predict(_ example: StreamExample) -> [Int32]
  /// Learns from a document and its labels.
  func learn(_ example: StreamExample)
  /// Named statistics of the current state.
  var state: [(name: String, value: Double)] { get }
}

/// The rule that turns probabilities into labels.
public enum StreamDecision: String, Codable, Hashable, Sendable, CaseIterable {
  /// Every label with a probability above one half.
  case half
  /// Every label with a probability above half of the F-measure reached so far.
  ///
  /// At this threshold the F-measure is largest; a learner may find that one half does better.
  ///
  /// Busa-Fekete, Szörényi, Dembczyński, Hüllermeier. Online F-Measure Optimization. NIPS 2015.
  case fMeasure
}

/// The faded F-measure of decisions, and its threshold.
struct DecisionScore {
  /// Faded sum of correct labels.
  private(set) var agreements = 0.0
  /// Faded sum of true and of predicted labels.
  private(set) var mentions = 0.0

  /// The F-measure; 0 before the first label.
  var fMeasure: Double { mentions > 0 ? 2 * agreements / mentions : 0 }

  func threshold(_ decision: StreamDecision) -> Double {
    switch decision {
    case .half: 0.5
    case .fMeasure: mentions > 0 ? agreements / mentions : 0.5
    }
  }

  mutating func add(agreements more: Int, mentions others: Int, fading: Double) {
    agreements = fading * agreements + Double(more)
    mentions = fading * mentions + Double(others)
  }

  /// Reduces the weight of past counts.
  mutating func fade(by factor: Double) {
    agreements *= factor
    mentions *= factor
  }
}

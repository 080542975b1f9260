/// A document of a stream: its features and the labels that it turned out to have.
public struct StreamExample: Sendable, Equatable {
  /// The columns that are not 0, rising.
  public var columns: [Int32]
  /// The value of each of `columns`.
  public var values: [Double]
  /// The labels, rising and all different.
  public var labels: [Int32]

  /// Takes features and labels.
  ///
  /// - Precondition: there is one value a column.
  public init(columns: [Int32], values: [Double], labels: [Int32]) {
    precondition(
      columns.count == values.count, "\(values.count) values for \(columns.count) columns")
    self.columns = columns
    self.values = values
    self.labels = labels
  }

  /// The value of `column`, 0 where it is not stored.
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

/// What the features of a stream are like.
public enum StreamFeatures: String, Codable, Hashable, Sendable, CaseIterable {
  /// Few of many columns, as of words: rows are scaled to unit length, trees ask whether a column
  /// is there.
  case sparse
  /// Measurements that nearly every row has: columns are standardised by what has been seen, trees
  /// ask whether a value is at most a threshold.
  case dense
}

/// A model that sees each document once, first without its labels.
public protocol StreamLearner: AnyObject {
  /// The labels of a document, rising; `labels` of `example` is not looked at.
  func predict(_ example: StreamExample) -> [Int32]
  /// Learns from a document whose labels have become known.
  func learn(_ example: StreamExample)
  /// A few numbers about the present state, by name.
  var state: [(name: String, value: Double)] { get }
}

/// How scores become labels.
public enum StreamDecision: String, Codable, Hashable, Sendable, CaseIterable {
  /// Every label whose probability is above one half.
  case half
  /// Every label whose probability is above half of the F-measure reached so far, the threshold at
  /// which the F-measure is largest; a learner may see that one half does better.
  ///
  /// Busa-Fekete, Szörényi, Dembczyński, Hüllermeier. Online F-Measure Optimization. NIPS 2015.
  case fMeasure
}

/// The faded F-measure of decisions, and the threshold that goes with it.
struct DecisionScore {
  /// Faded sum of right labels.
  private(set) var agreements = 0.0
  /// Faded sum of true and of predicted labels.
  private(set) var mentions = 0.0

  /// The F-measure; 0 before there is any label.
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

  /// Makes what was counted so far weigh less against what will be.
  mutating func fade(by factor: Double) {
    agreements *= factor
    mentions *= factor
  }
}

public import Torch

extension ConfidentLearning {
  /// What a model says of a pair when it is sure.
  public enum Verdict: Hashable, Sendable {
    /// The document surely has the label.
    case has
    /// It surely has not.
    case lacks
    /// The probability reaches neither threshold.
    case unsure
  }

  /// How many documents are sure of a label, by what was given; the confident joint.
  public struct Counts: Hashable, Sendable {
    /// Not given, and sure to lack it; 1 or more.
    public var lacking = 0.0
    /// Not given, but sure to have it.
    public var missing = 0.0
    /// Given, but sure to lack it.
    public var wrong = 0.0
    /// Given, and sure to have it; 1 or more.
    public var having = 0.0

    mutating func add(_ verdict: Verdict, isGiven: Bool, count: Double = 1) {
      switch (verdict, isGiven) {
      case (.has, true): having += count
      case (.has, false): missing += count
      case (.lacks, true): wrong += count
      case (.lacks, false): lacking += count
      case (.unsure, _): break
      }
    }
  }

  /// Thresholds and counts of all labels.
  public struct Joint: Sendable {
    /// The least that a threshold can be, and what a comparison forgives; the authors' code's.
    static let (least, tolerance) = (2e-6, 1e-6)

    /// t₁: the mean probability among the documents that have each label; 2 where none has.
    public internal(set) var present: [Double]
    /// t₀: the mean of 1 − p among those that lack it; 2 where none does.
    public internal(set) var absent: [Double]
    /// The confident joint of each label.
    public internal(set) var counts: [Counts]
    /// How many documents are given each label.
    public internal(set) var givenCounts: [Int]
    /// How many documents there are.
    public let documentCount: Int

    init(labelCount: Int, documentCount: Int) {
      present = [Double](repeating: 2, count: labelCount)
      absent = present
      counts = [Counts](repeating: Counts(), count: labelCount)
      givenCounts = [Int](repeating: 0, count: labelCount)
      self.documentCount = documentCount
    }

    /// How many documents are given a label, and how many are not.
    func documentCounts(of label: Int) -> (having: Double, lacking: Double) {
      (Double(givenCounts[label]), Double(documentCount - givenCounts[label]))
    }

    /// What a probability says.
    public func verdict(on probability: Double, label: Int) -> Verdict {
      let has = probability >= present[label] - Self.tolerance
      let lacks = 1 - probability >= absent[label] - Self.tolerance
      if has, lacks { return probability > 1 - probability ? .has : .lacks }
      return has ? .has : lacks ? .lacks : .unsure
    }

    /// The counts with the rows scaled to how many documents are given the label and are not: an
    /// estimate of how many errors there are.
    public func estimate(of label: Int) -> Counts {
      let (having, lacking) = documentCounts(of: label)
      let own = counts[label]
      let lackingScale = lacking / (own.lacking + own.missing)
      let havingScale = having / (own.wrong + own.having)
      return Counts(
        lacking: own.lacking * lackingScale, missing: own.missing * lackingScale,
        wrong: own.wrong * havingScale, having: own.having * havingScale)
    }
  }
}

extension ConfidentLearning.Joint {
  /// Whether what was given is an error: the document is sure of the contrary, which is likelier
  /// than not; at a probability of ½ a label that was given is one, as for the authors' code.
  public func isError(_ probability: Double, label: Int, isGiven: Bool) -> Bool {
    let verdict = verdict(on: probability, label: label)
    return isGiven ? verdict == .lacks && probability <= 0.5 : verdict == .has && probability > 0.5
  }

  /// The stored pairs that are errors: given but sure to lack the label, or not given but sure to
  /// have it.
  ///
  /// - Precondition: the shapes are those that the joint was counted on.
  public func errors(in probabilities: CSRMatrix, given: CSRMatrix) -> CSRMatrix {
    var offsets: [Int64] = [0]
    var columns: [Int32] = []
    offsets.reserveCapacity(given.rowCount + 1)
    forEachPair(probabilities, given) { row, label, probability, isGiven in
      while offsets.count <= row { offsets.append(Int64(columns.count)) }
      switch (verdict(on: probability, label: label), isGiven) {
      case (.has, false), (.lacks, true): columns.append(Int32(label))
      default: break
      }
    }
    while offsets.count <= given.rowCount { offsets.append(Int64(columns.count)) }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
      columnCount: given.columnCount)
  }

  /// A stored pair.
  public struct Pair {
    /// Its place among the stored pairs.
    public var entry: Int
    /// The document.
    public var row: Int
    /// The label.
    public var label: Int
    /// That the document has the label.
    public var probability: Double
    /// Whether it is said to have it.
    public var isGiven: Bool
  }

  /// Calls `body` with each stored pair whose label enough documents are given.
  ///
  /// - Precondition: the shapes are those that the joint was counted on.
  public func forEachJudged(
    _ probabilities: CSRMatrix, given: CSRMatrix, minimumCount: Int, _ body: (Pair) -> Void
  ) {
    var entry = 0
    forEachPair(probabilities, given) { row, label, probability, isGiven in
      if givenCounts[label] >= minimumCount {
        body(
          Pair(entry: entry, row: row, label: label, probability: probability, isGiven: isGiven))
      }
      entry += 1
    }
  }
}

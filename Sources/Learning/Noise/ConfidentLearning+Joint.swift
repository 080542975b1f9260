public import Storage

extension ConfidentLearning {
  /// The model's confident verdict on a (document, label) pair.
  public enum Verdict: Hashable, Sendable {
    /// The document confidently has the label.
    case has
    /// The document confidently lacks the label.
    case lacks
    /// The probability reaches neither threshold.
    case unsure
  }

  /// The confident joint of a label: counts of confident documents, by given and predicted label.
  public struct Counts: Hashable, Sendable {
    /// Not given, confidently lacking; 1 or more.
    public var lacking = 0.0
    /// Not given, confidently present.
    public var missing = 0.0
    /// Given, confidently lacking.
    public var wrong = 0.0
    /// Given, confidently present; 1 or more.
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

  /// The thresholds and counts of all labels.
  public struct Joint: Sendable {
    /// The lower bound of thresholds and the tolerance of comparisons, from the authors' code.
    static let (least, tolerance) = (2e-6, 1e-6)

    /// t₁: the mean probability over the documents that have each label; 2 if none has it.
    public internal(set) var present: [Double]
    /// t₀: the mean of 1 − p over the documents that lack it; 2 if none does.
    public internal(set) var absent: [Double]
    /// The confident joint of each label.
    public internal(set) var counts: [Counts]
    /// The number of documents given each label.
    public internal(set) var givenCounts: [Int]
    /// The number of documents.
    public let documentCount: Int

    init(labelCount: Int, documentCount: Int) {
      present = [Double](repeating: 2, count: labelCount)
      absent = present
      counts = [Counts](repeating: Counts(), count: labelCount)
      givenCounts = [Int](repeating: 0, count: labelCount)
      self.documentCount = documentCount
    }

    /// The number of documents given a label, and the number of others.
    func documentCounts(of label: Int) -> (having: Double, lacking: Double) {
      (Double(givenCounts[label]), Double(documentCount - givenCounts[label]))
    }

    /// The verdict for a probability.
    public func verdict(on probability: Double, label: Int) -> Verdict {
      let has = probability >= present[label] - Self.tolerance
      let lacks = 1 - probability >= absent[label] - Self.tolerance
      if has, lacks { return probability > 1 - probability ? .has : .lacks }
      return has ? .has : lacks ? .lacks : .unsure
    }

    /// The counts with rows rescaled to the numbers of documents with and without the given label:
    /// an estimate of the number of errors.
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
  /// Whether the given label is an error: the opposite is confident and more likely.
  ///
  /// A given label at probability ½ counts as an error, as in the authors' code.
  public func isError(_ probability: Double, label: Int, isGiven: Bool) -> Bool {
    let verdict = verdict(on: probability, label: label)
    return isGiven ? verdict == .lacks && probability <= 0.5 : verdict == .has && probability > 0.5
  }

  /// The stored pairs that are errors: given but confidently lacking, or not given but confidently
  /// present.
  ///
  /// - Precondition: the shapes match those the joint was counted on.
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
    /// Its index among the stored pairs.
    public var entry: Int
    /// The document.
    public var row: Int
    /// The label.
    public var label: Int
    /// The probability that the document has the label.
    public var probability: Double
    /// Whether the label is given.
    public var isGiven: Bool
  }

  /// Calls `body` with each stored pair of a label that is given to enough documents.
  ///
  /// - Precondition: the shapes match those the joint was counted on.
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

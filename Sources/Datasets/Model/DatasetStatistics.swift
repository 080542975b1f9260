import Storage

/// The size of a data set and the distribution of its labels.
public struct DatasetStatistics: Codable, Hashable, Sendable {
  /// The number of rows of train, validation included.
  public var trainDocuments: Int
  /// The number of rows of validation, a part of train.
  public var validationDocuments: Int
  /// The number of rows of test.
  public var testDocuments: Int
  /// The number of labels.
  public var labels: Int
  /// The number of (document, label) pairs of train.
  public var trainPairs: Int
  /// The number of (document, label) pairs of test.
  public var testPairs: Int
  /// The number of test pairs that were left out because their label has too few training
  /// documents; nil if unknown.
  public var droppedTestPairs: Int?
  /// The mean number of labels per row of train.
  public var labelsPerTrainDocument: Double
  /// The mean number of labels per row of test.
  public var labelsPerTestDocument: Double
  /// The mean number of training rows per label.
  public var documentsPerLabelMean: Double
  /// The median number of training rows per label.
  public var documentsPerLabelMedian: Double
  /// The number of training rows of the most frequent label.
  public var documentsPerLabelMaximum: Int
  /// The fraction of labels with at most five training rows, from 0 to 1.
  public var shareOfLabelsWithAtMostFive: Double
  /// The fraction of labels with exactly one training row, from 0 to 1.
  public var shareOfLabelsWithOne: Double

  /// Computes the statistics of `train`, `validation` and `test`.
  public init(
    train: Split, validation: Split? = nil, test: Split? = nil, droppedTestPairs: Int? = nil
  ) {
    func ratio(_ part: Int, _ whole: Int) -> Double {
      whole == 0 ? 0 : Double(part) / Double(whole)
    }
    let counts = train.labels.columnCounts().sorted()
    trainDocuments = train.count
    validationDocuments = validation?.count ?? 0
    testDocuments = test?.count ?? 0
    labels = counts.count
    trainPairs = train.labels.entryCount
    testPairs = test?.labels.entryCount ?? 0
    self.droppedTestPairs = droppedTestPairs
    labelsPerTrainDocument = ratio(trainPairs, trainDocuments)
    labelsPerTestDocument = ratio(testPairs, testDocuments)
    documentsPerLabelMean = ratio(trainPairs, labels)
    documentsPerLabelMedian =
      counts.isEmpty ? 0 : Double(counts[(labels - 1) / 2] + counts[labels / 2]) / 2
    documentsPerLabelMaximum = counts.last ?? 0
    shareOfLabelsWithAtMostFive = ratio(counts.count { $0 <= 5 }, labels)
    shareOfLabelsWithOne = ratio(counts.count { $0 == 1 }, labels)
  }
}

import Storage

/// A summary of a data set to read before training: the distribution of its labels, and its
/// problems.
public struct DatasetInspection: Codable, Hashable, Sendable {
  /// One part of the data set.
  public struct Part: Codable, Hashable, Sendable {
    /// The number of documents.
    public var documents: Int
    /// The number of labels per document.
    public var labelsPerDocument: ValueSummary
    /// The number of documents without a label.
    public var withoutLabels: Int
  }

  /// A label and how often it occurs.
  public struct LabelCount: Codable, Hashable, Sendable {
    /// The label's name.
    public var label: String
    /// The label's text; nil if it has none.
    public var text: String?
    /// The number of training documents that have it.
    public var documents: Int
  }

  /// The labels whose counts are in one interval.
  public struct FrequencyBand: Codable, Hashable, Sendable {
    /// The smallest number of training documents.
    public var from: Int
    /// The largest one.
    public var to: Int
    /// The number of labels in the interval.
    public var labels: Int
    /// The number of (training document, label) pairs of these labels.
    public var pairs: Int
  }

  /// Training documents that equal each other, or nearly.
  public struct Likeness: Codable, Hashable, Sendable {
    /// The names of the documents; at most ten.
    public var documents: [String]
    /// The text of each, or one text if all are equal; nil for documents of features.
    public var texts: [String]?
    /// The labels of each, as texts or names.
    public var labels: [[String]]
    /// 1 for equal content, or else the Jaccard similarity of the word runs.
    public var similarity: Double
  }

  /// Documents with equal content.
  public struct Duplicates: Codable, Hashable, Sendable {
    /// The number of groups of training documents with equal content.
    public var groups: Int
    /// The number of documents in these groups.
    public var documents: Int
    /// The number of groups whose documents do not all have the same labels.
    public var groupsOfDifferentLabels: Int
    /// The first ten of these groups, by the documents' names; at most ten names each.
    public var examplesOfDifferentLabels: [[String]]
    /// The same groups with texts and labels; nil in inspections of older versions.
    public var differing: [Likeness]?
    /// The ten most similar pairs of nearly equal training documents; nil for documents of features.
    public var near: [Likeness]?
    /// The number of pairs of nearly equal training documents; nil for documents of features.
    public var nearPairs: Int?
  }

  /// Documents that copy each other, or nearly; see `NearCopies`.
  public struct Copies: Codable, Hashable, Sendable {
    /// The number of documents in groups of two or more.
    public var documents: Int
    /// The number of these groups.
    public var groups: Int
  }

  /// Test documents that are also in train.
  public struct Leaks: Codable, Hashable, Sendable {
    /// A test document and a training document.
    public struct Example: Codable, Hashable, Sendable {
      /// The name of the test document.
      public var test: String
      /// The name of the training document.
      public var train: String
      /// 1 for equal content, or else the Jaccard similarity of the word runs.
      public var similarity: Double
      /// The text of the test document; nil for documents of features.
      public var testText: String?
      /// The text of the training document; nil for documents of features.
      public var trainText: String?
    }

    /// The number of test documents with the content of a training document.
    public var equal: Int
    /// The number of others that nearly equal a training document; nil for documents of features.
    public var nearlyEqual: Int?
    /// The first ten equal ones, then ten others, most similar first.
    public var examples: [Example]
  }

  /// The data set's name.
  public var name: String
  /// Whether documents are texts; otherwise they are features.
  public var hasTexts: Bool
  /// The number of documents.
  public var documents: Int
  /// The number of labels.
  public var labels: Int
  /// The number of labels that have a text.
  public var labelsWithTexts: Int
  /// Train (with validation), validation and test, if present.
  public var parts: [String: Part]
  /// The number of documents that are in no part.
  public var documentsInNoPart: Int
  /// The number of documents without content.
  public var emptyDocuments: Int
  /// The names of the first ten of them.
  public var emptyExamples: [String]
  /// A sentence on texts that training cuts by default for their length; nil if there are none.
  public var cutTexts: String?
  /// The number of words per text, or of features per document.
  public var lengths: ValueSummary
  /// The number of training documents per label.
  public var documentsPerLabel: ValueSummary
  /// The labels by their number of training documents: none, 1, 2–3, 4–7 and so on.
  public var frequencyBands: [FrequencyBand]
  /// The smallest number of labels that make up half of all training pairs.
  public var labelsOfHalfThePairs: Int
  /// The twenty most frequent labels.
  public var mostFrequent: [LabelCount]
  /// The number of labels that occur in test but not in train.
  public var testLabelsWithoutTraining: Int
  /// The names of the first ten of them.
  public var testLabelsWithoutTrainingExamples: [String]
  /// The number of pairs of a test document and such a label.
  public var testPairsWithoutTraining: Int
  /// The number of labels that occur nowhere.
  public var unusedLabels: Int
  /// Labels whose names differ only by case, blanks or width.
  public var labelTwins: LabelTwins
  /// The labels that co-occur in train.
  public var cooccurrence: LabelCooccurrence
  /// Properties that decide the settings; nil in inspections of older versions.
  public var traits: Traits?
  /// Training documents with equal content.
  public var duplicates: Duplicates
  /// Training documents that copy each other, or nearly; nil in inspections of older versions.
  public var nearCopies: Copies?
  /// Test documents that are also in train; nil without a test part.
  public var leaks: Leaks?
  /// The similarity from which two texts count as nearly equal.
  public var nearThreshold: Double
  /// The number of lines that were skipped on reading.
  public var skippedLines: Int
  /// The reason why training would reject the labels' weights; nil if it would not.
  public var weightFault: String?

  /// Inspects a data set.
  ///
  /// - Parameter nearThreshold: the Jaccard similarity of the sets of three-word runs from which
  ///   two texts count as nearly equal; above 0.5, where few such pairs are missed.
  /// - Complexity: O(bytes + pairs of co-occurring labels) expected.
  public init(_ dataset: Dataset, nearThreshold: Double = 0.8) {
    precondition(0.5...1 ~= nearThreshold, "a threshold of \(nearThreshold)")
    let contents = DocumentContents(dataset.documents)
    let splits = [
      ("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test),
    ]
    name = dataset.description.name
    documents = dataset.documents.count
    labels = dataset.labels.count
    labelsWithTexts =
      dataset.labels.texts.map { texts in texts.indices.count { !texts.isMissing(at: $0) } } ?? 0
    hasTexts = dataset.documents.texts != nil
    parts = [:]
    for case (let name, let split?) in splits { parts[name] = Part(split) }
    let used = Set(
      [dataset.train, dataset.validation, dataset.test].compactMap { $0 }.flatMap(\.documentIndices)
    )
    documentsInNoPart = documents - used.count
    let empty = (0..<documents).filter { contents.isEmpty(at: $0) }
    emptyDocuments = empty.count
    emptyExamples = empty.prefix(10).map { dataset.documents.ids[$0] }
    let features = TextFeatures.Configuration()
    cutTexts = features.note(
      onCutTexts: features.cutTexts(of: dataset.documents, rows: 0..<documents)
        .map { dataset.documents.ids[$0] })
    lengths = Self.lengths(of: dataset.documents)

    let counts = dataset.train.labels.columnCounts()
    documentsPerLabel = ValueSummary(counts)
    frequencyBands = Self.bands(counts)
    labelsOfHalfThePairs = Self.labelsOfHalf(counts)
    mostFrequent = counts.indices.sorted { (-counts[$0], $0) < (-counts[$1], $1) }.prefix(20)
      .filter { counts[$0] > 0 }
      .map { label in
        LabelCount(
          label: dataset.labels.ids[label], text: dataset.labels.text(at: label),
          documents: counts[label])
      }
    let testCounts =
      dataset.test?.labels.columnCounts() ?? [Int](repeating: 0, count: counts.count)
    let untrained = counts.indices.filter { counts[$0] == 0 && testCounts[$0] > 0 }
    testLabelsWithoutTraining = untrained.count
    testLabelsWithoutTrainingExamples = untrained.prefix(10).map { dataset.labels.ids[$0] }
    testPairsWithoutTraining = untrained.reduce(0) { $0 + testCounts[$1] }
    unusedLabels = counts.indices.count { counts[$0] == 0 && testCounts[$0] == 0 }
    labelTwins = LabelTwins(dataset.labels.ids)
    cooccurrence = LabelCooccurrence(dataset.train.labels, of: dataset.labels)

    let repeats = RepeatedDocuments(dataset, contents: contents, nearThreshold: nearThreshold)
    duplicates = repeats.duplicates
    let copies = dataset.nearCopiesInTrain()
    nearCopies = Copies(documents: copies.documentCount, groups: copies.groupCount)
    traits = Traits(dataset, copies: copies)
    leaks = repeats.leaks
    self.nearThreshold = nearThreshold
    skippedLines = dataset.skipped.count
    weightFault = dataset.train.weightFault.map { "\($0.reason); expected \($0.expected)" }
  }

  private static func lengths(of documents: Documents) -> ValueSummary {
    switch documents.content {
    case .texts(let texts):
      ValueSummary(texts.indices.map { texts.withUTF8(at: $0) { Shingles($0).wordCount } })
    case .features(let matrix, _):
      ValueSummary((0..<matrix.rowCount).map { matrix.entries(ofRow: $0).count })
    }
  }

  private static func bands(_ counts: [Int]) -> [FrequencyBand] {
    var bands: [FrequencyBand] = []
    var (from, to) = (0, 0)
    let largest = counts.max() ?? 0
    while from <= largest {
      let own = counts.filter { from...to ~= $0 }
      bands.append(
        FrequencyBand(from: from, to: to, labels: own.count, pairs: own.reduce(0, +)))
      (from, to) = (to + 1, 2 * to + 1)
    }
    return bands
  }

  private static func labelsOfHalf(_ counts: [Int]) -> Int {
    let total = counts.reduce(0, +)
    var (sum, labels) = (0, 0)
    for count in counts.sorted(by: >) where 2 * sum < total {
      sum += count
      labels += 1
    }
    return labels
  }
}

extension DatasetInspection.Part {
  init(_ split: Split) {
    let counts = (0..<split.count).map { split.labels.entries(ofRow: $0).count }
    documents = split.count
    labelsPerDocument = ValueSummary(counts)
    withoutLabels = counts.count { $0 == 0 }
  }
}

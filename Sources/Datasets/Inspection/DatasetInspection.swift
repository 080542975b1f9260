import Torch

/// What one should know of a data set before training on it: how labels are spread, and what is
/// wrong with it.
public struct DatasetInspection: Codable, Hashable, Sendable {
  /// A part of the data.
  public struct Part: Codable, Hashable, Sendable {
    /// Its number of documents.
    public var documents: Int
    /// Labels a document.
    public var labelsPerDocument: ValueSummary
    /// Documents without a label.
    public var withoutLabels: Int
  }

  /// A label and how often it occurs.
  public struct LabelCount: Codable, Hashable, Sendable {
    /// The label's name.
    public var label: String
    /// The training documents that have it.
    public var documents: Int
  }

  /// Labels whose counts lie in one interval.
  public struct FrequencyBand: Codable, Hashable, Sendable {
    /// The smallest number of training documents.
    public var from: Int
    /// The largest one.
    public var to: Int
    /// How many labels have so many.
    public var labels: Int
    /// The pairs of a training document and a label that these labels make up.
    public var pairs: Int
  }

  /// Documents of equal content.
  public struct Duplicates: Codable, Hashable, Sendable {
    /// Groups of training documents with equal content.
    public var groups: Int
    /// The documents in these groups.
    public var documents: Int
    /// The groups whose documents do not all have the same labels.
    public var groupsOfDifferentLabels: Int
    /// The first ten of those, by the documents' names; at most ten names each.
    public var examplesOfDifferentLabels: [[String]]
    /// Pairs of training documents that are nearly equal; nil for documents of features.
    public var nearPairs: Int?
  }

  /// Documents of test that train has too.
  public struct Leaks: Codable, Hashable, Sendable {
    /// A document of test and one of train.
    public struct Example: Codable, Hashable, Sendable {
      /// The name of the test document.
      public var test: String
      /// The name of the training document.
      public var train: String
      /// 1 for equal content, else the Jaccard similarity of the word runs.
      public var similarity: Double
    }

    /// Test documents with the content of a training document.
    public var equal: Int
    /// Further ones that are nearly equal to a training document; nil for documents of features.
    public var nearlyEqual: Int?
    /// The first ten equal ones, then ten others, the most similar first.
    public var examples: [Example]
  }

  /// The data set's name.
  public var name: String
  /// Whether documents are texts; otherwise they are features.
  public var hasTexts: Bool
  /// All documents.
  public var documents: Int
  /// All labels.
  public var labels: Int
  /// Those that have a text.
  public var labelsWithTexts: Int
  /// Train (with validation), validation and test, as far as there are any.
  public var parts: [String: Part]
  /// Documents that are in no part.
  public var documentsInNoPart: Int
  /// Documents without content.
  public var emptyDocuments: Int
  /// The names of the first ten of them.
  public var emptyExamples: [String]
  /// What is said of texts so long that training cuts them by default; nil where there are none.
  public var cutTexts: String?
  /// Words a text, or features a document.
  public var lengths: ValueSummary
  /// Training documents a label.
  public var documentsPerLabel: ValueSummary
  /// The labels by how many training documents they have: none, 1, 2–3, 4–7 and so on.
  public var frequencyBands: [FrequencyBand]
  /// The smallest number of labels that make up half of all training pairs.
  public var labelsOfHalfThePairs: Int
  /// The twenty most frequent labels.
  public var mostFrequent: [LabelCount]
  /// Labels that occur in test and not in train.
  public var testLabelsWithoutTraining: Int
  /// The names of the first ten of them.
  public var testLabelsWithoutTrainingExamples: [String]
  /// The pairs of a test document and such a label.
  public var testPairsWithoutTraining: Int
  /// Labels that occur nowhere.
  public var unusedLabels: Int
  /// Labels whose names differ only by case, blanks or width.
  public var labelTwins: LabelTwins
  /// Which labels stand together in train.
  public var cooccurrence: LabelCooccurrence
  /// Training documents of equal content.
  public var duplicates: Duplicates
  /// Test documents that train has too; nil without a test part.
  public var leaks: Leaks?
  /// From which similarity on two texts count as nearly equal.
  public var nearThreshold: Double
  /// Lines that were left out on reading.
  public var skippedLines: Int
  /// Why a training would refuse the labels' weights; nil where it would not.
  public var weightFault: String?

  /// Inspects a data set.
  ///
  /// - Parameter nearThreshold: from which Jaccard similarity of the sets of three-word runs on two
  ///   texts count as nearly equal; above 0.5, where few of them are overlooked.
  /// - Complexity: O(bytes + pairs of labels that stand together) expected.
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
    let used = Set([dataset.train, dataset.test].compactMap { $0 }.flatMap(\.documentIndices))
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
      .map { LabelCount(label: dataset.labels.ids[$0], documents: counts[$0]) }
    let testCounts =
      dataset.test?.labels.columnCounts() ?? [Int](repeating: 0, count: counts.count)
    let untrained = counts.indices.filter { counts[$0] == 0 && testCounts[$0] > 0 }
    testLabelsWithoutTraining = untrained.count
    testLabelsWithoutTrainingExamples = untrained.prefix(10).map { dataset.labels.ids[$0] }
    testPairsWithoutTraining = untrained.reduce(0) { $0 + testCounts[$1] }
    unusedLabels = counts.indices.count { counts[$0] == 0 && testCounts[$0] == 0 }
    labelTwins = LabelTwins(dataset.labels.ids)
    cooccurrence = LabelCooccurrence(dataset.train.labels, names: dataset.labels.ids)

    let repeats = RepeatedDocuments(dataset, contents: contents, nearThreshold: nearThreshold)
    duplicates = repeats.duplicates
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

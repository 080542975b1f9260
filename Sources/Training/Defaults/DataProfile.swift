public import Datasets
import Storage

/// The facts about a data set by which default settings are chosen.
///
/// Only training documents count.
public struct DataProfile: Hashable, Sendable {
  /// The number of training documents.
  public var documents: Int
  /// The number of labels with at least one training document.
  public var labels: Int
  /// The number of (document, label) pairs.
  public var pairs: Int
  /// Whether the documents are texts; otherwise they are features.
  public var hasTexts: Bool
  /// The number of different features; 0 for texts.
  public var features = 0
  /// The mean share of the features that a document has, from 0 to 1; 0 for texts.
  public var featureShare = 0.0
  /// The share of labels that have a text, from 0 to 1.
  public var labelTextShare = 0.0
  /// The median number of words of a label's text.
  public var medianLabelWords = 0
  /// The share of texts whose first line has the form `name: summary`, from 0 to 1.
  public var namedShare = 0.0
  /// The share of texts with more than one line, from 0 to 1.
  public var multilineShare = 0.0
  /// The median number of words of a text.
  public var medianWords = 0
  /// The share of the words of texts that are in fewer than two other training texts, from 0 to 1;
  /// 0 unless texts are short.
  public var rareWordShare = 0.0

  /// The number of texts to look at; more would take time and hardly change the shares.
  private static let sampleSize = 2000
  /// The documents below which a feature of a single document is kept.
  ///
  /// Most words of a few texts occur in one of them only: a text could be left without a feature.
  static let fewDocuments = 20
  /// The most words of a short text.
  static let shortLength = 12
  /// The documents a label from which pairs of words of the whole text are worth their time.
  static let manyDocuments = 1000.0
  /// The words of all texts up to which runs of characters of the whole text are worth their time:
  /// the features of more take longer than the training.
  static let fewWords = 1_000_000
  /// The documents of features below which trainings are judged by folds.
  static let fewFeatures = 2000
  /// The share of the features from which documents are measurements rather than bags of words.
  static let denseShare = 0.25
  /// The most features of a data set for which a hidden layer needs no pilot.
  static let narrowWidth = 2000

  /// Describes a data set by hand.
  init(
    documents: Int, labels: Int, pairs: Int, hasTexts: Bool = true
  ) {
    (self.documents, self.labels, self.pairs) = (documents, labels, pairs)
    self.hasTexts = hasTexts
  }

  /// Looks at the training part of a data set.
  public init(_ dataset: Dataset) {
    let train = dataset.train
    self.init(
      documents: train.count, labels: train.labels.columnCounts().count { $0 > 0 },
      pairs: train.labels.entryCount, hasTexts: dataset.documents.texts != nil)
    if case .features(let matrix, let names) = dataset.documents.content {
      features = names.count
      let entries = train.documentIndices.reduce(0) { $0 + matrix.entries(ofRow: Int($1)).count }
      featureShare = Double(entries) / Double(max(1, train.count * features))
    }
    if let texts = dataset.labels.texts {
      let lengths = (0..<texts.count).filter { !texts.isMissing(at: $0) && !texts[$0].isEmpty }
        .map { Self.words(of: texts[$0]).count }.sorted()
      labelTextShare = Double(lengths.count) / Double(max(dataset.labels.count, 1))
      medianLabelWords = lengths.isEmpty ? 0 : lengths[lengths.count / 2]
    }
    guard let texts = dataset.documents.texts, train.count > 0 else { return }
    let step = max(1, train.count / Self.sampleSize)
    let sample = stride(from: 0, to: train.count, by: step).map {
      texts[Int(train.documentIndices[$0])]
    }
    func share(_ isCounted: (String) -> Bool) -> Double {
      Double(sample.count(where: isCounted)) / Double(sample.count)
    }
    namedShare = share(Self.hasName)
    multilineShare = share { $0.utf8.contains(UInt8(ascii: "\n")) }
    medianWords = sample.map { Self.words(of: $0).count }.sorted()[sample.count / 2]
    if medianWords <= Self.shortLength {
      rareWordShare = Self.rareShare(of: train.documentIndices.lazy.map { texts[Int($0)] })
    }
  }

  /// The mean number of documents of a label that has any.
  public var documentsPerLabel: Double { Double(pairs) / Double(max(labels, 1)) }

  /// Whether a text begins with a name, as a package's description does: lower-case letters,
  /// digits and `+.-` up to the first `": "`.
  package static func hasName(_ text: String) -> Bool {
    var length = 0
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): length += 1
      case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "-"):
        guard length > 0 else { return false }
        length += 1
      case UInt8(ascii: ":"):
        return length > 0 && text.utf8.dropFirst(length + 1).first == UInt8(ascii: " ")
      default: return false
      }
    }
    return false
  }

  /// The words of a text: runs of bytes above the ASCII punctuation.
  private static func words(of text: String) -> [Substring.UTF8View] {
    text.utf8.split { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), 0x80...:
        false
      default: true
      }
    }
  }

  /// The share of words, counted once a text, that at most two texts have: their own and another.
  private static func rareShare(of texts: some Sequence<String>) -> Double {
    var counts: [UInt64: Int32] = [:]
    for text in texts {
      // ASCII letters in lower case; a few collisions of hashes do not matter for a share.
      let hashes = Set(
        words(of: text).map { word in
          word.reduce(UInt64(14_695_981_039_346_656_037)) { hash, byte in
            let lower = (65...90).contains(byte) ? byte | 32 : byte
            return (hash ^ UInt64(lower)) &* 1_099_511_628_211
          }
        })
      for hash in hashes { counts[hash, default: 0] += 1 }
    }
    let (rare, all) = counts.values.reduce(into: (0, 0)) { sums, count in
      if count <= 2 { sums.0 += Int(count) }
      sums.1 += Int(count)
    }
    return all == 0 ? 0 : Double(rare) / Double(all)
  }
}

public import Datasets
import Evaluation
public import Models
import Retrieval
import Synchronization
import Torch

/// A label in a response.
public struct RankedLabel: Codable, Hashable, Sendable {
  /// The label's name.
  public var id: String
  /// The label's text, if it has one.
  public var text: String?
  /// Comparable within a text.
  public var score: Double
  /// The probability that the text has the label, if the run is calibrated.
  public var probability: Double?
}

/// The labels of a text in a response.
public struct RankedText: Hashable, Sendable {
  /// The labels, best first; none if the model recognises nothing in the text.
  public var labels: [RankedLabel]
  /// Whether the model recognises anything in the text.
  public var isKnown: Bool
}

/// A similar document.
public struct SimilarDocument: Codable, Hashable, Sendable {
  /// The document's name in the data set.
  public var id: String
  /// The document's text.
  public var text: String
  /// The cosine between both embeddings, from -1 to 1.
  public var similarity: Double
}

/// A model with everything needed to answer requests; confined to the thread of a `ModelThread`.
public struct Engine {
  private var model: TrainedModel
  private let calibration: RunCalibration?
  private let documents: Neighbours?
  private let featureTime = FeatureTime()

  /// Creates an engine from a model.
  ///
  /// - Parameter documents: the documents to search for similar ones; nil for none.
  /// - Throws: `InputError` if the run's calibration is damaged.
  public init(_ model: TrainedModel, documents: Documents? = nil) throws {
    calibration = try model.calibration()
    self.model = model
    self.model.reportingFeatureTime = { [featureTime] in featureTime.add($0) }
    self.documents = try documents.flatMap { try Neighbours(of: $0, model: model) }
  }

  /// Whether predictions have probabilities.
  public var isCalibrated: Bool { calibration != nil }

  /// Whether similar documents are available.
  public var hasDocuments: Bool { documents != nil }

  /// A calibration is necessary and missing.
  public struct NotCalibrated: Error {}

  /// The top `k` labels of each text, best first.
  ///
  /// - Parameters:
  ///   - isTuned: leaves out labels below the thresholds of the calibration.
  ///   - observe: receives the time of the features and that of the ranking.
  /// - Throws: `NotCalibrated`; `ValueError` if the restriction leaves no label.
  public func rank(
    _ texts: [String], k: Int, restriction: LabelRestriction = LabelRestriction(),
    isTuned: Bool = false, observing observe: (ModelThread.Measurement) -> Void = { _ in }
  ) throws -> [RankedText] {
    let model = try restriction.isEmpty ? model : model.restricted(to: restriction)
    _ = featureTime.taken()
    let begun = ContinuousClock.now
    guard calibration != nil || !isTuned else { throw NotCalibrated() }
    let predictions =
      try calibration.map {
        try model.predict(texts, by: $0, choosing: isTuned ? .tuned : .likeliest(k))
      } ?? model.predict(texts, k: k)
    let time = begun.duration(to: .now)
    let features = featureTime.taken()
    observe(.features(features))
    observe(.ranking(time - features))
    return predictions.map { prediction in
      RankedText(
        labels: prediction.labels.prefix(k).map {
          RankedLabel(id: $0.id, text: $0.text, score: $0.score, probability: $0.probability)
        }, isKnown: prediction.isKnown)
    }
  }

  /// The embeddings of texts; of an ensemble, those of the first model.
  public func embed(_ texts: [String]) throws -> TextEmbeddings {
    let embedded = try model.embedded(texts)
    return TextEmbeddings(
      values: embedded.vectors.array(of: Float.self), dimension: model.dimension,
      isKnown: embedded.isKnown, isCut: embedded.isCut)
  }

  /// The `k` documents most similar to a text, most similar first; empty if the model knows no word
  /// of it.
  public func similar(to text: String, k: Int) throws -> [SimilarDocument] {
    guard let documents else { return [] }
    let query = try model.embedded([text])
    return query.isKnown == [true] ? try documents.nearest(k, to: query.vectors) : []
  }

  /// The same with more labels.
  ///
  /// - Throws: `InputError` if a label exists already or the model knows no word of its text.
  func adding(_ labels: [TrainedModel.NewLabel]) throws -> Engine {
    var grown = self
    grown.model = try model.adding(labels)
    return grown
  }

  /// The same without a label that was added.
  ///
  /// - Throws: `ValueError` if the label was not added.
  func removing(_ label: String) throws -> Engine {
    var result = self
    result.model = try model.removing([label])
    return result
  }
}

/// The embeddings of documents, for finding those similar to a text.
struct Neighbours {
  private let search: ExactSearch
  private let texts: TextColumn
  private let threads: Int

  /// Embeds the documents that have texts; nil if none has one.
  init?(of documents: Documents, model: TrainedModel) throws {
    guard let texts = documents.texts else { return nil }
    let embeddings = try model.embeddings(of: texts) { _ in }
    var store = VectorStore(dimension: embeddings.size(along: 1), metric: .cosine)
    try store.add(embeddings, ids: (0..<documents.count).map { documents.ids[$0] })
    search = ExactSearch(store)
    threads = model.threads
    self.texts = texts
  }

  func nearest(_ k: Int, to embedding: Tensor) throws -> [SimilarDocument] {
    let best = try search(embedding, k: k, threads: threads)
    return zip(best.labels(ofRow: 0), best.scores(ofRow: 0)).map { row, cosine in
      SimilarDocument(
        id: search.store.id(ofRow: Int(row)), text: texts[Int(row)], similarity: Double(cosine))
    }
  }
}

/// The time that the features of texts took.
private final class FeatureTime: Sendable {
  private let total = Mutex(Duration.zero)

  func add(_ time: Duration) { total.withLock { $0 += time } }

  /// The time since the last call.
  func taken() -> Duration {
    total.withLock { total in
      defer { total = .zero }
      return total
    }
  }
}

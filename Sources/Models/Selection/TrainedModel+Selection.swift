public import Datasets
import Storage
import Torch

extension TrainedModel {
  /// A document to label, with the model's uncertainty and predictions.
  public struct LabellingCandidate: Sendable {
    /// The index of the document.
    public var index: Int
    /// The expected number of wrong decisions about its labels.
    public var uncertainty: Double
    /// The most probable labels.
    public var labels: [Prediction.Label]
  }

  /// The documents to label next.
  public struct LabellingChoice: Sendable {
    /// The documents, in the order to label them in.
    public var documents: [LabellingCandidate]
    /// The number of documents that were left out because they nearly equal another one.
    public var copies: Int
    /// The number of documents that were left out because the model knows no word of them.
    public var unknown: Int
  }

  /// Chooses the documents whose labels would teach the model most: it is uncertain about them, and
  /// they are unlike each other.
  ///
  /// The uncertainty is the expected number of wrong decisions, Σₗ min(pₗ, 1 − pₗ) with pₗ the
  /// calibrated probability of label l. Of documents that nearly equal each other, only the first is
  /// considered. See `DocumentSelection` for the choice.
  ///
  /// - Parameters:
  ///   - calibration: the run's.
  ///   - labels: the number of labels to return with each document.
  /// - Throws: `InputError` if the documents or the model have no texts.
  public func labelNext(
    _ count: Int, of documents: Documents, by calibration: RunCalibration, labels: Int = 5
  ) throws -> LabellingChoice {
    guard let texts = documents.texts else {
      throw InputError(
        file: folder.path, reason: "the documents to label are features", expected: "texts")
    }
    let copies = NearCopies(of: documents, among: 0..<documents.count)
    let rows = (0..<documents.count).filter { copies.representative(of: $0) == $0 }
    var known: [LabellingCandidate] = []
    for start in stride(from: 0, to: rows.count, by: 4096) {
      let part = rows[start..<min(start + 4096, rows.count)]
      let predictions = try predict(
        part.map { texts[$0] }, by: calibration, choosing: .likeliest(calibration.depth))
      for (row, prediction) in zip(part, predictions) where prediction.isKnown {
        known.append(
          LabellingCandidate(
            index: row,
            uncertainty: prediction.labels.reduce(0) { sum, label in
              let probability = label.probability ?? 0
              return sum + min(probability, 1 - probability)
            }, labels: Array(prediction.labels.prefix(labels))))
      }
    }
    let selection = DocumentSelection(count: count)
    // Only candidates need embeddings.
    known.sort { ($1.uncertainty, $0.index) < ($0.uncertainty, $1.index) }
    let pool = Array(known.prefix(count * selection.candidates))
    let chosen =
      pool.isEmpty
      ? []
      : try checked {
        selection(
          pool.map(\.uncertainty), embeddings: try embeddings(of: pool.map { texts[$0.index] }))
      }
    return LabellingChoice(
      documents: chosen.map { pool[$0] }, copies: documents.count - rows.count,
      unknown: rows.count - known.count)
  }
}

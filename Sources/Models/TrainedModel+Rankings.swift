import Datasets
import Evaluation
import Foundation
import Storage

extension TrainedModel {
  /// Writes rankings, one `{"id", "labels", "scores"}` per line, best first.
  ///
  /// - Parameters:
  ///   - ranking: one row per document.
  ///   - documents: the documents' names, in row order.
  ///   - labels: the labels' names, in score order.
  ///   - path: the file, written atomically.
  /// - Throws: `FileError` if it cannot be written.
  static func write(
    _ ranking: TopK, of documents: [String], labels: [String], to path: String
  ) throws {
    let file = try AtomicFile(path: path)
    for (row, document) in documents.enumerated() {
      let line = RankingLine(
        id: document, labels: ranking.labels(ofRow: row).map { labels[Int($0)] },
        scores: Array(ranking.scores(ofRow: row)))
      try file.write(String(decoding: try JSONEncoder.stable.encode(line), as: UTF8.self) + "\n")
    }
    try file.commit()
  }
}

private struct RankingLine: Encodable {
  var id: String
  var labels: [String]
  var scores: [Float]
}

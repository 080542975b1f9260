import Foundation
import GRDB
import NIOCore

/// The contents of a store as lines for `decant train --feedback`.
///
/// Added labels come first, as `{"label", "text"}`; then texts in order of first mention, as
/// `{"text", "labels", "rejected"}`. Of several verdicts on the same label of a text the latest
/// counts. Entries added after the first chunk was read are omitted.
///
/// The lines come in chunks of about 64 KiB, each read on demand in time proportional to its own
/// size; nothing is locked between chunks.
struct FeedbackLines: AsyncSequence, Sendable {
  typealias Element = ByteBuffer

  let store: ServiceStore
  /// The size of a chunk in bytes.
  var pieceSize = 64 << 10

  func makeAsyncIterator() -> Iterator { Iterator(store: store, pieceSize: pieceSize) }

  struct Iterator: AsyncIteratorProtocol {
    let store: ServiceStore
    let pieceSize: Int
    private var place = Place.beginning

    init(store: ServiceStore, pieceSize: Int) {
      self.store = store
      self.pieceSize = pieceSize
    }

    mutating func next() async throws -> ByteBuffer? {
      let (size, begun) = (pieceSize, place)
      let (piece, end) = try await store.database.read { database in
        var reader = Reader(database, place: begun)
        try reader.fill(size)
        return (reader.piece, reader.place)
      }
      place = end
      return piece.readableBytes == 0 ? nil : piece
    }
  }

  /// The position of the reader.
  fileprivate struct Place: Sendable {
    var label: Int64
    var document: Int64
    /// The last label and verdict to include; nil before the first chunk.
    var end: (label: Int64, verdict: Int64)?

    static let beginning = Place(label: .min, document: .min)
  }
}

/// Reads one chunk.
private struct Reader {
  var piece = ByteBuffer()
  var place: FeedbackLines.Place
  private let database: Database
  private let encoder = JSONEncoder()

  init(_ database: Database, place: FeedbackLines.Place) {
    self.database = database
    self.place = place
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  mutating func fill(_ size: Int) throws {
    func last(_ table: String, _ column: String) throws -> Int64 {
      try Int64.fetchOne(database, sql: "SELECT MAX(\(column)) FROM \(table)") ?? .min
    }
    let end = try place.end ?? (try last("label", "rowid"), try last("verdict", "number"))
    place.end = end
    try readLabels(upTo: end.label, size)
    try readFeedback(upTo: end.verdict, size)
  }

  private mutating func readLabels(upTo last: Int64, _ size: Int) throws {
    guard place.label < last else { return }
    let rows = try Row.fetchCursor(
      database,
      sql: "SELECT rowid, id, text FROM label WHERE rowid > ? AND rowid <= ? ORDER BY rowid",
      arguments: [place.label, last])
    while piece.readableBytes < size, let row = try rows.next() {
      let (id, text): (String, String) = (row["id"], row["text"])
      try write(["label": id, "text": text])
      place.label = row["rowid"]
    }
  }

  private mutating func readFeedback(upTo last: Int64, _ size: Int) throws {
    let documents = try Row.fetchCursor(
      database, sql: "SELECT number, text FROM document WHERE number > ? ORDER BY number",
      arguments: [place.document])
    // SQLite takes the other columns from the row with the maximum.
    let verdicts = try database.makeStatement(
      sql: """
        SELECT label, isRight, MAX(number) AS last FROM verdict
        WHERE document = ? AND number <= ? GROUP BY label ORDER BY last
        """)
    while piece.readableBytes < size, let document = try documents.next() {
      let number: Int64 = document["number"]
      var feedback = ServiceStore.Feedback(text: document["text"], labels: [], rejected: [])
      let rows = try Row.fetchCursor(verdicts, arguments: [number, last])
      while let row = try rows.next() {
        if row["isRight"] as Bool {
          feedback.labels.append(row["label"])
        } else {
          feedback.rejected.append(row["label"])
        }
      }
      place.document = number
      if !(feedback.labels.isEmpty && feedback.rejected.isEmpty) { try write(feedback) }
    }
  }

  private mutating func write(_ line: some Encodable) throws {
    piece.writeBytes(try encoder.encode(line))
    piece.writeInteger(UInt8(ascii: "\n"))
  }
}

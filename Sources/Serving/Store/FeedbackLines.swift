import Foundation
import GRDB
import NIOCore

/// What a store holds, as the lines that `decant train --feedback` reads.
///
/// The labels that were added come first, as `{"label", "text"}`; then the texts in the order of
/// their first mention, as `{"text", "labels", "rejected"}`. Of two verdicts on the same label of a
/// text the later one counts. What is added after the first piece was read is left out.
///
/// The lines come in pieces of about 64 KiB, each read when it is asked for, in a time that grows
/// with its own size alone; between two pieces nothing is held.
struct FeedbackLines: AsyncSequence, Sendable {
  typealias Element = ByteBuffer

  let store: ServiceStore
  /// How large a piece becomes before it is given out, in bytes.
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

  /// How far the reading has come.
  fileprivate struct Place: Sendable {
    var label: Int64
    var document: Int64
    /// The last label and verdict that belong to what is read; nil before the first piece.
    var end: (label: Int64, verdict: Int64)?

    static let beginning = Place(label: .min, document: .min)
  }
}

/// Reads one piece.
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
    // SQLite takes the other columns from the row that has the maximum.
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

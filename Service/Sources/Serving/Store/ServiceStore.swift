public import Foundation
import GRDB
public import Models
import Storage

/// Stores a service's added labels and the feedback on its predictions.
///
/// A single SQLite file. A change is on disk before it is confirmed, so that neither a crash nor a
/// power failure loses it. Reads use a separate connection and never block writes.
public struct ServiceStore: Sendable {
  let database: DatabasePool
  private let place: Place
  private let limit: Int

  /// Feedback on a text's labels.
  public struct Feedback: Codable, Hashable, Sendable {
    /// The text, in NFC.
    public var text: String
    /// Accepted labels.
    public var labels: [String]
    /// Rejected labels.
    public var rejected: [String]

    /// Creates feedback.
    public init(text: String, labels: [String], rejected: [String]) {
      self.text = text
      self.labels = labels
      self.rejected = rejected
    }
  }

  /// Why something was not stored.
  public enum Refusal: Error, Hashable {
    /// The store contains a label of that name.
    case labelExists
    /// The store would exceed its limit, in bytes.
    case full(limit: Int)
    /// The disk is full.
    case noRoom
    /// The file is no longer where it was opened.
    case moved
  }

  /// Opens or creates the file.
  ///
  /// - Parameter limit: its maximum size in bytes. A larger existing file can be read but not added
  ///   to.
  /// - Throws: `InputError` if it cannot be opened, belongs to another program, or is from a later
  ///   version of Decant.
  public init(path: String, limit: Int = 1 << 30) throws {
    var configuration = Configuration()
    // One connection, opened now: a later one could open another file under the same path.
    configuration.maximumReaderCount = 1
    configuration.persistentReadOnlyConnections = true
    configuration.busyMode = .timeout(5)
    self.limit = limit
    do {
      try Self.refuseStrangers(path: path)
      database = try DatabasePool(path: path, configuration: configuration)
      // The pool's default is weaker: a power failure may undo confirmed changes.
      try database.writeWithoutTransaction {
        try $0.execute(sql: "PRAGMA synchronous = FULL")
      }
      try Self.migrator.migrate(database)
      try database.writeWithoutTransaction {
        let page = try Int.fetchOne($0, sql: "PRAGMA page_size") ?? 4096
        try $0.execute(sql: "PRAGMA max_page_count = \(max(1, limit / page))")
      }
      try database.read { _ = try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM label") }
    } catch let error as DatabaseError {
      throw InputError(
        file: path, reason: error.message ?? "SQLite cannot open it (\(error.resultCode))",
        expected: "the store of a service, or a path where one can be created")
    }
    place = try Place(path: path)
  }

  /// - Throws: `InputError` for a database that is not a store, or for one of a later version.
  private static func refuseStrangers(path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    let database = try DatabaseQueue(path: path, configuration: configuration)
    defer { try? database.close() }
    try database.read { database in
      let isStore = try database.tableExists("grdb_migrations")
      let tables = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master") ?? 0
      guard isStore || tables == 0 else {
        throw InputError(
          file: path, reason: "this is the database of another program",
          expected: "the store of a service, or a path where one can be created")
      }
      guard try !isStore || !migrator.hasBeenSuperseded(database) else {
        throw InputError(
          file: path, reason: "this store was made by a later version of Decant",
          expected: "that version, or another store")
      }
    }
  }

  /// The added labels, in order.
  public func labels() throws -> [TrainedModel.NewLabel] {
    try database.read { database in
      try Row.fetchAll(database, sql: "SELECT id, text FROM label ORDER BY rowid").map {
        TrainedModel.NewLabel(id: $0["id"], text: $0["text"])
      }
    }
  }

  /// Stores a label.
  ///
  /// - Throws: `Refusal`, `DatabaseError`.
  public func add(_ label: TrainedModel.NewLabel, at date: Date = .now) async throws {
    try await write { database in
      let known = try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM label WHERE id = ?)", arguments: [label.id])
      guard known == false else { throw Refusal.labelExists }
      try database.execute(
        sql: "INSERT INTO label (id, text, added) VALUES (?, ?, ?)",
        arguments: [label.id, label.text, date])
    }
  }

  /// Removes a label with the verdicts on it, and texts that have no other verdict.
  ///
  /// - Parameter afterwards: called if there was one, before anything else is written.
  /// - Returns: the number of verdicts, also outdated ones; nil if there is no such label.
  /// - Throws: `Refusal`, `DatabaseError`.
  public func removeLabel(
    _ id: String, then afterwards: @escaping @Sendable () -> Void = {}
  ) async throws -> Int? {
    try await write { database in
      try database.execute(sql: "DELETE FROM label WHERE id = ?", arguments: [id])
      guard database.changesCount > 0 else { return nil }
      database.afterNextTransaction { _ in afterwards() }
      let documents = try Int64.fetchAll(
        database, sql: "SELECT DISTINCT document FROM verdict WHERE label = ?", arguments: [id])
      try database.execute(sql: "DELETE FROM verdict WHERE label = ?", arguments: [id])
      let verdicts = database.changesCount
      let statement = try database.makeStatement(
        sql: """
          DELETE FROM document WHERE number = ?1
          AND NOT EXISTS (SELECT 1 FROM verdict WHERE document = ?1)
          """)
      for document in documents { try statement.execute(arguments: [document]) }
      return verdicts
    }
  }

  /// Stores feedback on texts, all of it or nothing.
  ///
  /// - Parameter check: receives the labels of each text, before anything else is written.
  /// - Throws: `Refusal`, `DatabaseError`, any error of `check`.
  public func add(
    _ feedback: [Feedback], at date: Date = .now,
    checking check: @escaping @Sendable ([String]) throws -> Void = { _ in }
  ) async throws {
    try await write { database in
      for one in feedback { try check(one.labels + one.rejected) }
      let statement = try database.makeStatement(
        sql: "INSERT INTO verdict (document, label, isRight, given) VALUES (?, ?, ?, ?)")
      for one in feedback {
        let document = try Self.document(one.text, in: database)
        for (labels, isRight) in [(one.labels, true), (one.rejected, false)] {
          for label in labels {
            try statement.execute(arguments: [document, label, isRight, date])
          }
        }
      }
    }
  }

  /// The number of a text, new if the text is.
  static func document(_ text: String, in database: Database) throws -> Int64 {
    try database.execute(
      sql: "INSERT INTO document (text) VALUES (?) ON CONFLICT DO NOTHING", arguments: [text])
    guard database.changesCount == 0 else { return database.lastInsertedRowID }
    return try Int64.fetchOne(
      database, sql: "SELECT number FROM document WHERE text = ?", arguments: [text]) ?? 0
  }

  private func write<R: Sendable>(_ body: @escaping @Sendable (Database) throws -> R) async throws
    -> R
  {
    let (place, limit) = (place, limit)
    do {
      return try await database.write { database in
        guard place.isTheSame else { throw Refusal.moved }
        return try body(database)
      }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
      throw place.hasRoom ? Refusal.full(limit: limit) : Refusal.noRoom
    }
  }

  /// Closes the file.
  public func close() throws {
    // Otherwise a copy of the file alone would lack the latest verdicts.
    let written = Result {
      try database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    }
    try database.close()
    try written.get()
  }
}

/// A file by its path and its identity.
private struct Place: Sendable {
  let path: String
  let device: UInt64
  let inode: UInt64

  init(path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw FileError(path: path, action: "examine", code: errno)
    }
    self.path = path
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// Whether the disk has room for any single change.
  var hasRoom: Bool {
    var status = statvfs()
    return statvfs(path, &status) != 0
      || UInt64(status.f_bavail) * UInt64(status.f_frsize) > 16 << 20
  }

  /// Whether the path still leads to the same file.
  var isTheSame: Bool {
    var status = stat()
    return stat(path, &status) == 0 && UInt64(status.st_dev) == device
      && UInt64(status.st_ino) == inode
  }
}

public import Foundation
import GRDB
import Torch
public import Training

/// What a service must not forget: labels that were added, and what people said of its answers.
///
/// One SQLite file. A change is on the disk before it is confirmed, so that neither a crash nor a
/// power cut loses one.
public struct ServiceStore: Sendable {
  private let database: DatabaseQueue

  /// What somebody said of a text's labels.
  public struct Feedback: Codable, Hashable, Sendable {
    /// The text.
    public var text: String
    /// Labels that are right.
    public var labels: [String]
    /// Labels that are wrong.
    public var rejected: [String]

    /// Puts the parts together.
    public init(text: String, labels: [String], rejected: [String]) {
      self.text = text
      self.labels = labels
      self.rejected = rejected
    }
  }

  /// Opens or makes the file.
  ///
  /// - Throws: `InputError` when it cannot be opened or is another program's.
  public init(path: String) throws {
    var configuration = Configuration()
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA journal_mode = WAL")
      try database.execute(sql: "PRAGMA synchronous = FULL")
    }
    configuration.busyMode = .timeout(5)
    do {
      database = try DatabaseQueue(path: path, configuration: configuration)
      try Self.migrator.migrate(database)
    } catch let error as DatabaseError {
      throw InputError(
        file: path, reason: error.message ?? "SQLite cannot open it (\(error.resultCode))",
        expected: "the store of a service, or a place where one can be made")
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.create(table: "label") { table in
        table.primaryKey("id", .text)
        table.column("text", .text).notNull()
        table.column("added", .datetime).notNull()
      }
      try database.create(table: "feedback") { table in
        table.autoIncrementedPrimaryKey("number")
        table.column("text", .text).notNull().indexed()
        table.column("label", .text).notNull()
        table.column("isRight", .boolean).notNull()
        table.column("given", .datetime).notNull()
      }
    }
    return migrator
  }

  /// The labels that were added, in order.
  public func labels() throws -> [TrainedModel.NewLabel] {
    try database.read { database in
      try Row.fetchAll(database, sql: "SELECT id, text FROM label ORDER BY rowid").map {
        TrainedModel.NewLabel(id: $0["id"], text: $0["text"])
      }
    }
  }

  /// Keeps a label.
  public func add(_ label: TrainedModel.NewLabel, at date: Date = .now) async throws {
    try await database.write { database in
      try database.execute(
        sql: "INSERT INTO label (id, text, added) VALUES (?, ?, ?)",
        arguments: [label.id, label.text, date])
    }
  }

  /// Keeps what was said of a text, all of it or nothing.
  public func add(_ feedback: Feedback, at date: Date = .now) async throws {
    try await database.write { database in
      let statement = try database.makeStatement(
        sql: "INSERT INTO feedback (text, label, isRight, given) VALUES (?, ?, ?, ?)")
      for (labels, isRight) in [(feedback.labels, true), (feedback.rejected, false)] {
        for label in labels {
          try statement.execute(arguments: [feedback.text, label, isRight, date])
        }
      }
    }
  }

  /// Everything that was said, a text at a time in the order of their first mention; of two
  /// verdicts on the same label of a text the later one counts.
  ///
  /// - Parameter body: called for each text.
  public func forEachFeedback(_ body: (Feedback) throws -> Void) throws {
    try database.read { database in
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT f.text AS text, f.label AS label, f.isRight AS isRight,
            (SELECT MIN(number) FROM feedback WHERE text = f.text) AS first
          FROM feedback f
          WHERE number = (SELECT MAX(number) FROM feedback WHERE text = f.text AND label = f.label)
          ORDER BY first, number
          """)
      var current: Feedback?
      while let row = try rows.next() {
        let text: String = row["text"]
        if current?.text != text {
          if let current { try body(current) }
          current = Feedback(text: text, labels: [], rejected: [])
        }
        if row["isRight"] as Bool {
          current?.labels.append(row["label"])
        } else {
          current?.rejected.append(row["label"])
        }
      }
      if let current { try body(current) }
    }
  }

  /// Closes the file.
  public func close() throws { try database.close() }
}

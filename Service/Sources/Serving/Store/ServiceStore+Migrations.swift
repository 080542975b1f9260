import GRDB
import Storage
import Torch

extension ServiceStore {
  /// The steps from an empty file, or from an earlier version's, to the current tables.
  static var migrator: DatabaseMigrator {
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
    // Texts are stored once, in NFC, and the verdicts on one are adjacent in their index.
    migrator.registerMigration("2") { database in
      try database.create(table: "document") { table in
        table.autoIncrementedPrimaryKey("number")
        table.column("text", .text).notNull().unique()
      }
      try database.create(table: "verdict") { table in
        table.autoIncrementedPrimaryKey("number")
        table.column("document", .integer).notNull().references("document")
        table.column("label", .text).notNull()
        table.column("isRight", .boolean).notNull()
        table.column("given", .datetime).notNull()
      }
      try database.create(
        index: "verdictOfDocument", on: "verdict",
        columns: ["document", "label", "number", "isRight"])
      try moveFeedback(in: database)
      try database.drop(table: "feedback")
      try normalizeLabels(in: database)
    }
    return migrator
  }

  /// Merges verdicts on a text in two normal forms; the later counts.
  private static func moveFeedback(in database: Database) throws {
    let statement = try database.makeStatement(
      sql: "INSERT INTO verdict (document, label, isRight, given) VALUES (?, ?, ?, ?)")
    let rows = try Row.fetchCursor(
      database, sql: "SELECT text, label, isRight, given FROM feedback ORDER BY number")
    while let row = try rows.next() {
      let (text, label): (String, String) = (row["text"], row["label"])
      let document = try document(text.normalizedToNFC, in: database)
      let (isRight, given): (DatabaseValue, DatabaseValue) = (row["isRight"], row["given"])
      try statement.execute(arguments: [document, label.normalizedToNFC, isRight, given])
    }
  }

  /// If two labels are equal in NFC, both stay unchanged; a service ranks the first.
  private static func normalizeLabels(in database: Database) throws {
    for row in try Row.fetchAll(database, sql: "SELECT rowid, id, text FROM label") {
      let (number, id, text): (Int64, String, String) = (row["rowid"], row["id"], row["text"])
      guard
        !(id.utf8.elementsEqual(id.normalizedToNFC.utf8)
          && text.utf8.elementsEqual(text.normalizedToNFC.utf8))
      else { continue }
      try database.execute(
        sql: "UPDATE OR IGNORE label SET id = ?, text = ? WHERE rowid = ?",
        arguments: [id.normalizedToNFC, text.normalizedToNFC, number])
    }
  }
}

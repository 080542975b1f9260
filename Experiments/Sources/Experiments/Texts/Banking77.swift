import Storage

/// Questions of a bank's customers, and the names of their classes.
enum Banking77 {
  typealias Question = (text: String, name: String)

  /// Reads both files.
  ///
  /// - Throws: `InputError` if one is missing, with the file to download.
  static func questions(_ options: ExperimentOptions) throws -> (
    train: [Question], test: [Question]
  ) {
    let folder = DataFolder(path: options.data)
    let origin = "BANKING77's train.csv and test.csv, packed with xz"
    func set(_ name: String) throws -> [Question] {
      try records(of: folder.unpackedText("banking77/\(name).csv.xz", origin: origin))
    }
    return (try set("train"), try set("test"))
  }

  /// The records of a CSV file with a text and a name, without the header.
  static func records(of csv: String) throws -> [Question] {
    var records: [[String]] = [[""]]
    var isQuoted = false
    var before: Character?
    for character in csv {
      switch (character, isQuoted) {
      case ("\"", true): isQuoted = false
      case ("\"", false):
        // A doubled quotation mark inside quotation marks stands for one.
        if before == "\"" {
          records[records.count - 1][records[records.count - 1].count - 1] += "\""
        }
        isQuoted = true
      case (",", false): records[records.count - 1].append("")
      case ("\n", false), ("\r\n", false): records.append([""])
      default:
        records[records.count - 1][records[records.count - 1].count - 1].append(character)
      }
      before = character
    }
    return try records.filter { $0 != [""] }.dropFirst().map { fields in
      guard fields.count == 2 else {
        throw InputError(
          file: "banking77", reason: "a record of \(fields.count) fields", expected: "text,category"
        )
      }
      return (fields[0], fields[1])
    }
  }
}

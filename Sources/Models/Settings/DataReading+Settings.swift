import Datasets
import Storage

extension DataReading {
  /// The settings of the group `data`.
  static let setting = Setting(
    "data", "Columns, format, split and further files of the data set.",
    null: "guessed from the files",
    members: [
      Setting(
        "format", "Format of the files.", .one(of: DataFormat.self), .init(.data, "format"),
        null: "guessed"),
      Setting(
        "encoding", "Encoding of the files.", .one(of: TextEncoding.self),
        .init(.data, "encoding"), null: "recognised"),
      Setting(
        "header", "The first row of a table has the names of the columns.", .boolean,
        .init(.data, "header", .onOff), null: "guessed", usual: "guessed"),
      Setting(
        "text", "Columns of the text, separated by commas; several are joined by line ends.", .text,
        .init(.data, "text"), null: "guessed"),
      Setting("label", "Column of the labels.", .text, .init(.data, "label"), null: "guessed"),
      Setting(
        "id", "Column of the documents' names; none names them by their lines.", .text,
        .init(.data, "id"), null: "guessed"),
      Setting(
        "separator", "Text between the labels in a cell.", .text, .init(.data, "separator"),
        null: "guessed"),
      Setting(
        "group", "Column whose values stay in one part when a file is split.", .text,
        .init(.parts, "group"), null: "none"),
      Setting(
        "time", "Column of times; the latest fifth of the documents is the test part.", .text,
        .init(.parts, "time"), null: "none"),
      Setting(
        "more", "Further files of training documents.",
        .other("a list of files") { value in
          guard case .array(let files) = value else { return false }
          return files.allSatisfy { if case .string = $0.value { true } else { false } }
        }, null: "none"),
      Setting(
        "validation", "File of validation documents; no training learns from them.", .path,
        .init(.parts, "validation"), null: "none"),
      Setting(
        "test", "File of test documents.", .path, .init(.parts, "test"), null: "none"),
    ])
}

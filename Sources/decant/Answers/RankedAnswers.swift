import Models
import Storage

/// Writes the labels or documents that were ranked for texts: as a list to read, or as rows.
final class RankedAnswers {
  /// The kind of the results.
  enum Kind: String {
    case labels, documents

    /// The column of their names.
    var column: String { String(rawValue.dropLast()) }
  }

  private let kind: Kind
  private let keptColumns: [String]
  /// Whether the answers appear together in a file.
  private let isWhole: Bool
  private var file: AnswerFile?
  /// Prints the score of a label.
  private let score: (TrainedModel.Prediction.Label) -> String

  /// Prepares the output.
  ///
  /// - Parameters:
  ///   - hasTexts: whether a table has a column for the results' texts.
  ///   - hasProbabilities: whether results have probabilities, which a list shows instead of scores.
  ///   - kept: the columns that answers carry.
  /// - Throws: `FileError` if the file cannot be made.
  init(
    _ options: AnswerOptions, of kind: Kind, hasTexts: Bool, hasProbabilities: Bool = false,
    keeping kept: [String] = []
  ) throws {
    self.kind = kind
    isWhole = options.output != nil
    score = {
      hasProbabilities
        ? "\(rounded($0.probability ?? 0, places: 3).padded(to: 6))  "
        : "\(rounded($0.score, places: 3).padded(to: 8))  "
    }
    let column = kind.column
    let results =
      [column] + (hasTexts ? ["\(column)_text"] : []) + ["score"]
      + (hasProbabilities ? ["probability"] : [])
    let answerColumns = ["id", "text", "rank"] + results
    keptColumns = TextRecord.names(ofKept: kept, avoiding: answerColumns + Self.keys)
    guard let format = options.format else { return }
    file = try AnswerFile(
      options.output,
      RowsWriter(format, columns: ["id"] + keptColumns + ["text", "rank"] + results))
  }

  /// The keys of an answer in JSON.
  private static let keys = ["id", "text", "known", "cut", "labels", "documents", "error", "line"]

  /// Answers all texts of an input by `rank`, and makes the file appear.
  ///
  /// JSON has an object {"error", "line"} in place of a text that cannot be read, so that answers and
  /// lines stay aligned.
  ///
  /// - Throws: `InputError` at the end for texts that cannot be read, unless they are skipped.
  func write(
    _ input: TextInput, _ options: TextInputOptions, by model: TrainedModel,
    ranking rank: ([String]) throws -> [TrainedModel.Prediction]
  ) throws {
    let notes = TextNotes()
    try options.forEach(
      of: input, replacing: file?.writer.format == .jsonl ? { try self.write($0) } : nil,
      others: {
        isWhole ? "nothing was written" : "\(counted($0, "other line")) answered"
      }
    ) { records in
      let predictions = try rank(records.map(\.text))
      for prediction in predictions {
        notes.say(isKnown: prediction.isKnown, isCut: prediction.isCut, by: model)
      }
      try write(records, predictions)
    }
    try file?.finish()
  }

  /// Writes a row for a text that cannot be read.
  private func write(_ error: InputError) throws {
    var fields = [OutputRow.Field("error", .string(error.reason))]
    if let line = error.line { fields.append(.init("line", .number("\(line)"))) }
    try file?.write([OutputRow(fields)])
  }

  /// Writes the results for texts.
  private func write(_ records: [TextRecord], _ predictions: [TrainedModel.Prediction]) throws {
    let answers = zip(records, predictions)
    guard file == nil else {
      try file?.write(answers.map { row($0, $1) })
      return
    }
    try StandardStreams.write(answers.map { list($0, $1) }.joined())
  }

  private func row(_ record: TextRecord, _ prediction: TrainedModel.Prediction) -> OutputRow {
    var fields = [OutputRow.Field("id", .string(record.id))]
    fields += zip(keptColumns, record.kept).map { OutputRow.Field($0, $1.value) }
    fields.append(.init("text", .string(record.text)))
    if !prediction.isKnown { fields.append(.init("known", .boolean(false))) }
    if prediction.isCut { fields.append(.init("cut", .boolean(true))) }
    let column = kind.column
    return OutputRow(
      fields,
      list: .init(
        kind.rawValue,
        prediction.labels.enumerated().map { index, label in
          var fields = [OutputRow.Field("id", column: column, .string(label.id))]
          if let text = label.text {
            fields.append(.init("text", column: "\(column)_text", .string(text)))
          }
          fields.append(.init("score", .number(label.score)))
          if let probability = label.probability {
            fields.append(.init("probability", .number(probability)))
          }
          return OutputRow(fields, rank: index + 1)
        }))
  }

  private func list(_ record: TextRecord, _ prediction: TrainedModel.Prediction) -> String {
    let head = (record.isNamed ? [record.id] : []) + record.kept.map(\.value.cell)
    var lines = [
      (head.map { $0.snippet(DisplayWidth.label) } + [record.text.snippet(DisplayWidth.text)])
        .joined(separator: "  ").onOneLine
    ]
    if !prediction.isKnown { lines.append(TextNotes.unknown) }
    let ids = prediction.labels.map(\.id.onOneLine)
    let width = min(ids.map(\.count).max() ?? 0, DisplayWidth.name)
    for (id, label) in zip(ids, prediction.labels) {
      let caption = label.text?.caption(of: label.id, DisplayWidth.label) ?? ""
      let name =
        caption.isEmpty || caption == label.id
        ? id : id + String(repeating: " ", count: max(0, width - id.count)) + "  " + caption
      lines.append("  " + score(label) + name.onOneLine)
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// The characters of texts in lists to read; JSON and tables have whole texts.
enum DisplayWidth {
  /// A text that is answered.
  static let text = 120
  /// The text of a label or of a document found.
  static let label = 60
  /// The widest column of names.
  static let name = 24
}

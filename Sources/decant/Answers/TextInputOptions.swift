import ArgumentParser
import Datasets
import Foundation
import Models
import Storage

/// Texts of files or standard input, and how to treat those that cannot be read.
struct TextInputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "File of records or of a text per line, by its name or the options. Repeatable.",
      valueName: "file"))
  var file: [String] = []

  @Option(
    help: ArgumentHelp(
      "Columns that the answers carry, separated by commas.", valueName: "columns"))
  var keep: String?

  @OptionGroup var data: SettingOptions<DataPart>

  /// Whether texts that cannot be read are left out.
  var skipBad: Bool { data.badLines == .skip }

  /// The names in `keep`.
  var columns: [String] {
    keep?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? []
  }

  /// Refuses these options together with texts as arguments.
  func check(texts: [String]) throws {
    guard texts.isEmpty || (file.isEmpty && keep == nil && data.given.isEmpty) else {
      throw ValidationError(
        "Give texts as arguments or as input (--file, --keep, --skip-bad, standard input), not both."
      )
    }
  }

  /// Opens the input: texts from arguments, else the files, else standard input.
  ///
  /// - Parameter usual: the columns that the model learnt from, where options name none.
  /// - Throws: `FileError` when a file cannot be opened; `InputError` for one that is not text.
  func open(texts: [String], as usual: DataReading?) throws -> TextInput {
    if texts.count == 1, FileManager.default.fileExists(atPath: texts[0]) {
      StandardStreams.note(
        "\(texts[0]) is read as a text, although there is such a file; --file \(texts[0]) reads it")
    }
    return try texts.isEmpty
      ? TextInput(
        files: file.isEmpty ? [nil] : file.map { $0 == "-" ? nil : $0 },
        data.given.reading(), as: usual, keeping: columns)
      : TextInput(texts: texts)
  }

  /// Passes the texts to `answer`, as many at once as are available.
  ///
  /// Skips a text that cannot be read, so that the others get their answers, and passes its error to
  /// `replace` in its place.
  ///
  /// - Throws: `InputError` at the end that names those texts, unless `skipBad` is set.
  func forEach(
    of input: TextInput, replacing replace: ((InputError) throws -> Void)? = nil,
    others: (Int) -> String, _ answer: ([TextRecord]) throws -> Void
  ) throws {
    var faults = BadTexts()
    while let batch = try input.next() {
      var records: [TextRecord] = []
      for entry in batch {
        switch entry {
        case .record(let record): records.append(record)
        case .bad(let error):
          faults.add(error)
          guard let replace else { continue }
          if !records.isEmpty { try answer(records) }
          records = []
          try replace(error)
        }
      }
      if !records.isEmpty { try answer(records) }
    }
    try faults.finish(of: input, skips: skipBad, others: others)
  }
}

/// Texts that cannot be read.
private struct BadTexts {
  private var first: InputError?
  private var places: [(file: String, line: Int?)] = []

  mutating func add(_ error: InputError) {
    first = first ?? error
    places.append((error.file, error.line))
  }

  /// Names the lines in a note if they are skipped.
  ///
  /// - Throws: `InputError` if they are not.
  func finish(of input: TextInput, skips: Bool, others: (Int) -> String) throws {
    guard var error = first else { return }
    let count = places.count
    if count > 1 {
      let isOneFile = places.allSatisfy { $0.file == error.file }
      let shown = places.prefix(20).map { file, line in
        (isOneFile ? "" : file + ":") + (line.map(String.init) ?? "?")
      }.joined(separator: ", ")
      error.reason =
        "\(count) lines \(input.fault): \(shown)\(count > 20 ? " …" : ""); the first: \(error.reason)"
    }
    guard !skips else {
      return StandardStreams.note("\(error); left out")
    }
    error.reason += "; \(others(input.count - count))"
    error.expected =
      (error.expected ?? "UTF-8 (iconv converts to it)")
      + ", or --skip-bad to skip such lines"
    throw error
  }
}

import ArgumentParser
import Storage

/// Where answers go, and in which form.
struct AnswerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write the answers, whole, to a .jsonl, .tsv or .csv file.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Form of the answers (default: that of the file; else a list to read).", valueName: "form",
      visibility: .rare))
  var outputFormat: Form?

  @Flag(help: "Print one JSON object per text: --output-format jsonl.")
  var json = false

  /// The forms of rows, as words of the command line.
  enum Form: String, ExpressibleByArgument, CaseIterable {
    case jsonl, tsv, csv
  }

  func validate() throws {
    if json, let outputFormat, outputFormat != .jsonl {
      throw ValidationError(
        "--json and --output-format \(outputFormat.rawValue): give one of them.")
    }
    if let output, format == nil {
      throw ValidationError(
        "--output is \(output); it must end in .jsonl, .tsv or .csv, or --output-format names the "
          + "form.")
    }
  }

  /// The form of rows; nil for a list to read.
  var format: RowsFormat? {
    if json { return .jsonl }
    if let outputFormat { return RowsFormat(rawValue: outputFormat.rawValue) }
    return output.flatMap(RowsFormat.init(path:))
  }
}

import ArgumentParser
import Foundation
import Storage

/// Lines of text in commands that answer line by line, and how to treat malformed ones.
struct LineOptions: ParsableArguments {
  @Option(help: ArgumentHelp("File of texts, one per line.", valueName: "file"))
  var file: String?

  @Flag(
    help: """
      Skip lines that are not UTF-8. Without it the other lines are answered too, but the exit code \
      is 65.
      """)
  var skipBad = false

  /// Refuses these options together with texts as arguments.
  func check(texts: [String]) throws {
    guard texts.isEmpty || (file == nil && !skipBad) else {
      throw ValidationError(
        "Give texts as arguments or as lines (--file, --skip-bad, standard input), not both.")
    }
  }

  /// Passes the lines to `answer`, as many at once as are available.
  ///
  /// Skips a line that is not UTF-8, so that the others get their answers. JSON output has an object
  /// {"error", "line"} in its place, so that answers and lines stay aligned.
  ///
  /// - Throws: `InputError` at the end that names those lines, unless `skipBad` is set.
  func answer(_ lines: TextLines, json: Bool, _ answer: ([String]) throws -> Void) throws {
    var faults = BadLines()
    while let batch = try lines.next() {
      var texts: [String] = []
      for line in batch {
        switch line {
        case .text(let text): texts.append(text)
        case .bad(let error):
          faults.add(error)
          guard json else { continue }
          if !texts.isEmpty { try answer(texts) }
          texts = []
          try StandardStreams.write(try error.jsonLine() + "\n")
        }
      }
      if !texts.isEmpty { try answer(texts) }
    }
    try faults.finish(
      of: lines, skips: skipBad, others: { "\(counted($0, "other line")) answered" })
  }
}

/// Lines that are not UTF-8.
struct BadLines {
  private var first: InputError?
  private var numbers: [Int] = []

  /// The number of lines.
  var count: Int { numbers.count }

  mutating func add(_ error: InputError) {
    first = first ?? error
    if let line = error.line { numbers.append(line) }
  }

  /// Names the lines in a note if they are skipped.
  ///
  /// - Throws: `InputError` if they are not.
  func finish(of lines: TextLines, skips: Bool, others: (Int) -> String) throws {
    guard var error = first else { return }
    if count > 1 {
      let shown = numbers.prefix(20).map(String.init).joined(separator: ", ")
      error.reason =
        "\(count) lines are not UTF-8: \(shown)\(count > 20 ? " …" : ""); the first: \(error.reason)"
    }
    guard !skips else {
      return StandardStreams.note("\(error); left out")
    }
    error.reason += "; \(others(lines.count - count))"
    error.expected = "UTF-8 (iconv converts to it), or --skip-bad to skip such lines"
    throw error
  }
}

extension InputError {
  /// The object that replaces an answer.
  fileprivate func jsonLine() throws -> String {
    struct Line: Encodable {
      var error: String
      var line: Int?
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(
      decoding: try encoder.encode(Line(error: reason, line: line)), as: UTF8.self)
  }
}

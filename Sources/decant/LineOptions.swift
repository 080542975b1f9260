import ArgumentParser
import Foundation
import Torch

/// What becomes of lines that are no text, in commands that answer line by line.
struct LineOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A file of texts, one a line.", valueName: "file"))
  var file: String?

  @Flag(
    help: """
      Leave out lines that are not UTF-8; without it, the others are answered too, but the exit code \
      is 65.
      """)
  var skipBad = false

  /// Refuses options that contradict texts given as arguments.
  func check(texts: [String]) throws {
    guard texts.isEmpty || (file == nil && !skipBad) else {
      throw ValidationError(
        "Give texts as arguments or as lines (--file, --skip-bad, standard input), not both.")
    }
  }

  /// Hands the lines to `answer`, as many at once as there are to be had.
  ///
  /// A line that is not UTF-8 is passed over, so that the others have their answers; in JSON an object
  /// {"error", "line"} stands in its place, so that answers and lines keep step.
  ///
  /// - Throws: `InputError` at the end that names those lines, unless they are to be left out.
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
      of: lines, skips: skipBad, others: { "the other \($0) were answered" })
  }
}

/// Lines that are no text.
struct BadLines {
  private var first: InputError?
  private var numbers: [Int] = []

  /// How many.
  var count: Int { numbers.count }

  mutating func add(_ error: InputError) {
    first = first ?? error
    if let line = error.line { numbers.append(line) }
  }

  /// Names the lines: in a note where they are skipped.
  ///
  /// - Throws: `InputError` where they are not.
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
    error.expected = "UTF-8 (iconv converts it), or --skip-bad to leave such lines out"
    throw error
  }
}

extension InputError {
  /// What stands in the place of an answer.
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

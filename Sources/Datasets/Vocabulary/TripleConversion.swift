import Foundation
import Storage

/// Converts Turtle and RDF/XML to N-Triples with an installed program.
struct TripleConversion {
  /// The form of a graph.
  enum Syntax: Equatable {
    case turtle, xml

    /// The form's name.
    var name: String { self == .turtle ? "Turtle" : "RDF/XML" }
  }

  private let syntax: Syntax
  private let program: (String) -> String?

  /// Reads graphs of a form.
  ///
  /// - Parameter program: returns the full path of a program, nil if it is not installed.
  init(_ syntax: Syntax, program: @escaping (String) -> String? = Subprocess.path(of:)) {
    (self.syntax, self.program) = (syntax, program)
  }

  /// Relative IRIs start here.
  private static let base = "http://base.invalid/"

  /// The triples of a file, one a line.
  ///
  /// - Throws: `InputError` if no program is installed that reads the form, or if it finds a fault;
  ///   `FileError`.
  func triples(of file: MappedFile, path: String) throws -> MappedFile {
    guard var command = command() else {
      throw InputError(
        file: path,
        reason: "\(syntax.name) is read by the program rapper, which is not installed",
        expected: "rapper (Debian package raptor2-utils"
          + (syntax == .turtle ? "), serdi (Debian package serdi), " : "), ")
          + "or the vocabulary as N-Triples (.nt)")
    }
    let input = try TemporaryFile()
    try file.withBytes(input.write)
    lseek(input.descriptor, 0, SEEK_SET)
    command.input = input.descriptor
    let outcome = try command.run()
    guard outcome.status == 0 else {
      let fault = Self.fault(in: outcome.messages)
      throw InputError(
        file: path, line: fault.line, reason: fault.reason, expected: "well-formed \(syntax.name)")
    }
    return outcome.output
  }

  /// The first fault in messages like `rapper: Error - URI http://base.invalid/:2 - syntax error` or
  /// `error: (stdin):2:21: line end in short string`.
  private static func fault(in messages: String) -> (line: Int?, reason: String) {
    let lines = messages.split(separator: "\n")
    let line =
      lines.first { $0.lowercased().contains("error") } ?? lines.first ?? "it cannot be read"
    for mark in ["\(base):", "(stdin):"] {
      guard let place = line.firstRange(of: mark) else { continue }
      let rest = line[place.upperBound...]
      let reason = rest.drop { $0.isNumber || $0 == ":" || $0 == "-" || $0 == " " }
      return (Int(rest.prefix { $0.isNumber }), String(reason))
    }
    return (nil, String(line.replacing("rapper: Error -", with: "").drop { !$0.isLetter }))
  }

  /// The installed program; nil if there is none.
  private func command() -> Subprocess? {
    if let rapper = program("rapper") {
      return Subprocess(
        path: rapper,
        arguments: [
          "-q", "-i", syntax == .turtle ? "turtle" : "rdfxml", "-o", "ntriples", "-", Self.base,
        ])
    }
    guard syntax == .turtle, let serdi = program("serdi") else { return nil }
    return Subprocess(
      path: serdi, arguments: ["-i", "turtle", "-o", "ntriples", "-", Self.base])
  }
}

import ArgumentParser
import Datasets
import Foundation
import Models
import Storage

/// `--only`, `--except`: the labels that a command ranks.
struct RestrictionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Rank only the labels in this file, one per line.", valueName: "file"))
  var only: String?

  @Option(
    help: ArgumentHelp("Do not rank the labels in this file, one per line.", valueName: "file"))
  var except: String?

  @Flag(
    help: ArgumentHelp(
      "Skip names in these files that the run does not know, and count them.", visibility: .rare))
  var skipUnknown = false

  func validate() throws {
    guard !skipUnknown || only != nil || except != nil else {
      throw ValidationError("--skip-unknown needs --only or --except.")
    }
  }

  /// A model that ranks only the chosen labels.
  ///
  /// - Parameter quiet: leaves the note on skipped names to another process.
  /// - Throws: `InputError` for a name that the run does not know, unless such names are skipped;
  ///   `FileError`.
  func restricted(_ model: TrainedModel, quiet: Bool = false) throws -> TrainedModel {
    guard only != nil || except != nil else { return model }
    let known = Set(model.labelIDs)
    let restriction = LabelRestriction(
      only: try only.map { try names(in: $0, known: known, quiet: quiet) },
      except: try except.map { try names(in: $0, known: known, quiet: quiet) } ?? [])
    return try attributingErrors(to: only ?? except ?? "") {
      try model.restricted(to: restriction)
    }
  }

  /// The names in a file.
  private func names(in path: String, known: Set<String>, quiet: Bool) throws -> Set<String> {
    var names: Set<String> = []
    var unknown: [(name: String, line: Int)] = []
    var line = 0
    let lines = try TextLines(path: path)
    while let batch = try lines.next() {
      for content in batch {
        line += 1
        switch content {
        case .bad(let error): throw error
        case .text(let name) where name.allSatisfy(\.isWhitespace): continue
        case .text(let name):
          if known.contains(name) { names.insert(name) } else { unknown.append((name, line)) }
        }
      }
    }
    guard let first = unknown.first else { return names }
    guard skipUnknown else {
      throw InputError(
        file: path, line: first.line,
        reason: unknown.count == 1
          ? "the run has no label \"\(first.name)\""
          : "the run does not have \(unknown.count) of these labels; the first is \"\(first.name)\"",
        expected: "labels of the run, or --skip-unknown")
    }
    guard !quiet else { return names }
    StandardStreams.note(
      "\(path): \(counted(unknown.count, "label")) unknown to the run and skipped, such as "
        + first.name)
    return names
  }
}

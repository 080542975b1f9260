import ArgumentParser
import Datasets
import Foundation

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Tells what is in a data set, and what is wrong with it.",
    discussion: """
      Warnings come first: test documents that train has too, equal documents with different labels, \
      labels of test without a training document, empty documents, labels whose names differ only \
      by case, blanks or width. Then how labels and lengths are \
      spread, and which labels stand together.

      Texts are nearly equal where their sets of runs of three words have a share of --near in \
      common (Jaccard similarity, computed exactly; a pair at 0.8 is overlooked once in 5,000). The \
      test part is only compared with train; nothing is learnt of it.

      Examples:
        decant inspect data/debian-tags
        decant inspect tickets.jsonl --json
      """)

  @Argument(help: ArgumentHelp("The data set, a folder or a file.", valueName: "data"))
  var data: String

  @Option(help: "From which share of common word runs on texts are nearly equal, 0.5 to 1.")
  var near = 0.8

  @Flag(help: "Leave out lines that cannot be used, and count them.")
  var skipBad = false

  @Flag(help: "Write one JSON object.")
  var json = false

  func validate() throws {
    guard 0.5...1 ~= near else {
      throw ValidationError("--near is \(near); it must be from 0.5 to 1.")
    }
  }

  func run() throws {
    try reporting {
      let inspection = DatasetInspection(
        try Dataset.read(data, badLines: skipBad ? .skip : .refuse), nearThreshold: near)
      guard json else { return try StandardStreams.write(inspection.table() + "\n") }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      try StandardStreams.write(
        String(decoding: try encoder.encode(inspection), as: UTF8.self) + "\n")
    }
  }
}

import ArgumentParser
import Datasets
import Foundation

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Describe a data set and its problems.",
    discussion: """
      Warnings come first: test documents that also occur in train, equal documents with different \
      labels, test labels without a training document, empty documents, and labels whose names \
      differ only by case, spaces or width. The distributions of labels and lengths follow, and the \
      labels that occur together.

      Two texts are near duplicates if the Jaccard similarity of their word trigrams is at least \
      --near. The similarity is exact; a pair at 0.8 is missed once in 5,000. The test part is only \
      compared with train.

      Examples:
        decant inspect data/debian-tags
        decant inspect tickets.jsonl --json
      """)

  @Argument(help: ArgumentHelp("Data set: a folder or a file.", valueName: "data"))
  var data: String

  @Option(help: "Lowest similarity of near duplicates, 0.5 to 1.")
  var near = 0.8

  @OptionGroup var malformed: SettingOptions<DataPart>

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard 0.5...1 ~= near else {
      throw ValidationError("--near is \(near); it must be from 0.5 to 1.")
    }
  }

  func run() throws {
    try reporting {
      let inspection = DatasetInspection(
        try Dataset.read(data, badLines: malformed.badLines), nearThreshold: near)
      guard json else { return try StandardStreams.write(inspection.table() + "\n") }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      try StandardStreams.write(
        String(decoding: try encoder.encode(inspection), as: UTF8.self) + "\n")
    }
  }
}

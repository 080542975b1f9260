import ArgumentParser
import Datasets
import Foundation
import Reports
import Storage
import Training

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Describe a data set and its problems.",
    discussion: HelpLevel.discussion(
      "inspect",
      full: """
        Warnings come first: test documents that also occur in train, equal documents with different \
        labels, test labels without a training document, empty documents, and labels whose names \
        differ only by case, spaces or width. Then come the properties that decide the settings, the \
        distributions of labels and lengths, the labels that occur together, and the copies with their \
        texts. --output writes all this as an HTML page; it contains texts of the data set, so be \
        careful with whom you share it.

        Two texts are near duplicates if the Jaccard similarity of their word trigrams is at least \
        --near. The similarity is exact; a pair at 0.8 is missed once in 5,000. The test part is only \
        compared with train.

        Examples:
          decant inspect data/debian-tags
          decant inspect tickets.jsonl --json
          decant inspect train.csv --test test.csv --text title,body
          decant inspect tickets.jsonl --output tickets.html
        """))

  @Argument(help: ArgumentHelp("Data set: a folder or a file.", valueName: "data"))
  var data: String

  @Option(help: "Lowest similarity of near duplicates, 0.5 to 1.")
  var near = 0.8

  @OptionGroup(title: HelpLevel.title("Data")) var malformed: SettingOptions<DataPart>
  @OptionGroup(title: HelpLevel.title("Parts")) var files: SettingOptions<FilePart>

  @Option(help: ArgumentHelp("Write a page to an .html file.", valueName: "file"))
  var output: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard 0.5...1 ~= near else {
      throw ValidationError("--near is \(near); it must be from 0.5 to 1.")
    }
    if let output, !output.hasSuffix(".html") {
      throw ValidationError("--output is \(output); it must end in .html.")
    }
  }

  func run() throws {
    try reporting {
      let dataset = try Dataset.read(
        data, (malformed.given + files.given).reading() ?? DataReading(),
        badLines: malformed.badLines)
      for note in dataset.notes { StandardStreams.note(note) }
      let inspection = DatasetInspection(dataset, nearThreshold: near)
      let settings = DataProfile(dataset).decisions
      if let output {
        try writeAtomically(
          InspectionPage(inspection, settings: settings).html(), to: output)
        StandardStreams.note("\(output): \(counted(inspection.warnings.count, "warning"))")
      }
      guard json else {
        if output == nil {
          try StandardStreams.write(inspection.table(settings: settings) + "\n")
        }
        return
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      try StandardStreams.write(
        String(decoding: try encoder.encode(inspection), as: UTF8.self) + "\n")
    }
  }
}

import ArgumentParser
import Datasets
import Foundation
import Models
import Storage

struct LabelNextCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label-next",
    abstract: "Choose the documents to label next.",
    discussion: HelpLevel.discussion(
      "label-next",
      full: """
        Chooses documents that the model is uncertain about and that are unlike each other: their labels \
        teach it most. The uncertainty is the expected number of wrong decisions about a document's \
        labels. Documents that nearly equal another one, and those without a known word, are left out.

        The list has the most probable labels of each document. With --tasks it is a file that Label \
        Studio or Argilla imports, with these labels as suggestions; decant data import reads back what \
        people have labelled there, and decant train --feedback learns from it.

        Examples:
          decant label-next runs/tickets --data unlabelled.jsonl --count 50
          decant label-next runs/tickets --data unlabelled.jsonl --tasks argilla --output tasks.json
          decant data import --format argilla records.json --output labelled.jsonl
          decant train tickets.jsonl --feedback labelled.jsonl --output runs/better
        """))

  @Argument(help: ArgumentHelp("Folder of the run; it must be calibrated.", valueName: "run"))
  var run_: String

  @Option(
    help: ArgumentHelp(
      """
      Documents to choose from: records or lines of a file, as decant predict reads them, or the \
      documents of a data set folder that are in none of its parts.
      """, valueName: "file"))
  var data: String

  @OptionGroup(title: HelpLevel.title("Data")) var reading: SettingOptions<DataPart>

  @Option(help: "Documents to choose.")
  var count = 20

  @Option(
    help: ArgumentHelp(
      "Write tasks for a program: label-studio or argilla (JSON).", valueName: "program"))
  var tasks: LabellingTasks.Program?

  @Option(
    help: ArgumentHelp(
      """
      File to write: tasks with --tasks, else .jsonl or .tsv. Without it, the list is printed.
      """, valueName: "file"))
  var output: String?

  @OptionGroup var threads: ThreadsOption

  func validate() throws {
    try require([("count", count, 1)])
    if let output, tasks == nil, !output.hasSuffix(".jsonl"), !output.hasSuffix(".tsv") {
      throw ValidationError("--output is \(output); without --tasks it must end in .jsonl or .tsv.")
    }
  }

  func run() throws {
    try reporting {
      let model = try TrainedModel(folder: RunFolder(path: run_), threads: threads.count)
      let documents = try documents(as: model.configuration.data)
      guard documents.count > 0 else {
        throw InputError(
          file: data, reason: "there are no documents", expected: "at least one to label")
      }
      guard let calibration = try model.calibration() else {
        throw InputError(
          file: run_, reason: "the run is not calibrated",
          expected: "a run that decant calibrate has processed")
      }
      let choice = try model.labelNext(count, of: documents, by: calibration)
      if choice.copies > 0 {
        StandardStreams.note(
          "\(counted(choice.copies, "document")) nearly equal to others left out")
      }
      if choice.unknown > 0 {
        StandardStreams.note(
          "\(counted(choice.unknown, "document")) without a word that the model knows left out")
      }
      let list = LabellingTasks(
        choice.documents, of: documents, agent: run_.lastPathName, labels: calibration)
      let text =
        if let tasks {
          list.json(for: tasks)
        } else if let output {
          output.hasSuffix(".tsv") ? list.tsv() : list.jsonl()
        } else {
          list.table()
        }
      guard let output else { return try StandardStreams.write(text) }
      try writeAtomically(text, to: output)
      StandardStreams.note("\(output): \(counted(choice.documents.count, "document"))")
    }
  }

  /// The documents to choose from.
  ///
  /// - Parameter usual: the columns that the model learnt from, where options name none.
  private func documents(as usual: DataReading?) throws -> Documents {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: data, isDirectory: &isFolder), isFolder.boolValue {
      let dataset = try Dataset.read(
        data, reading.given.reading() ?? DataReading(), badLines: reading.badLines)
      guard let texts = dataset.documents.texts else {
        throw InputError(file: data, reason: "the documents are features", expected: "texts")
      }
      let rows = dataset.documentsInNoPart.map(Int.init)
      return Documents(
        ids: TextColumn(rows.map { dataset.documents.ids[$0] }),
        content: .texts(TextColumn(rows.map { texts[$0] })))
    }
    let input = try TextInput(files: [data], reading.given.reading(), as: usual, keeping: [])
    var records: [TextRecord] = []
    while let batch = try input.next() {
      for entry in batch {
        switch entry {
        case .record(let record):
          if !record.text.allSatisfy(\.isWhitespace) { records.append(record) }
        case .bad(let error): guard reading.badLines == .skip else { throw error }
        }
      }
    }
    return Documents(
      ids: TextColumn(records.map(\.id)), content: .texts(TextColumn(records.map(\.text))))
  }
}

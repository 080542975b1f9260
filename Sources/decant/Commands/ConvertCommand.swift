import ArgumentParser
import Datasets
import Models
import Storage

extension DataCommand {
  struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show how files of texts are understood, and convert them to a data set.",
      discussion: HelpLevel.discussion(
        "data convert",
        full: """
          Reads CSV, TSV, JSON lines, a JSON array, fastText lines, Annif's corpora and svmlight, in \
          UTF-8, UTF-16 or Windows-1252, also compressed, and prints the format, the encoding, the \
          columns and the first records as they are understood. decant train reads the same files \
          without a conversion.

          The folder has a fifth of the documents as test part, unless --test names a file. Further \
          columns are kept with the documents.

          Examples:
            decant data convert tickets.csv
            decant data convert mails.tsv.gz --text subject,body --label folder --output data/mails
            decant data convert train.csv --validation dev.csv --test test.csv --output data/tickets
            zcat tickets.csv.gz | decant data convert - --output data/tickets
          """))

    @Argument(
      help: ArgumentHelp(
        "Files, or a folder; - is standard input.", valueName: "data"))
    var inputs: [String]

    @Option(
      help: ArgumentHelp("Folder to create (default: only show the records).", valueName: "dir"))
    var output: String?

    @Option(help: "Records to show.")
    var show = 3

    @OptionGroup(title: HelpLevel.title("Data")) var data: SettingOptions<DataPart>
    @OptionGroup(title: HelpLevel.title("Parts")) var files: SettingOptions<FilePart>

    func validate() throws {
      guard !inputs.isEmpty else { throw ValidationError("Name the files.") }
      try require([("show", show, 0)])
    }

    func run() throws {
      try reporting {
        var reading = try (data.given + files.given).reading() ?? DataReading()
        if inputs.count > 1 { reading.more = Array(inputs.dropFirst()) }
        let dataset: Dataset
        switch try DataSource(inputs[0], reading) {
        case .folder(let read): dataset = try read(data.badLines)
        case .texts(let path, let reading):
          let records = try LabelledRecords(path, reading, badLines: data.badLines)
          var text = records.understood.map { "\($0.file): \($0.description)\n" }.joined()
          for record in 0..<min(show, records.documents.count) {
            text += shown(record, of: records)
          }
          try StandardStreams.write(text)
          dataset = try records.dataset(keepingAllLabels: true)
        }
        for note in [dataset.skipped.note].compactMap({ $0 }) { StandardStreams.note(note) }
        if let output { try DatasetFolder.write(dataset, to: output) }
        let parts = [
          ("train", dataset.train.count), ("validation", dataset.validation?.count ?? 0),
          ("test", dataset.test?.count ?? 0),
        ].map { "\($0.1) \($0.0)" }
        try StandardStreams.write(
          "\(output ?? "as a data set"): \(parts.joined(separator: ", ")) documents, "
            + "\(counted(dataset.labels.count, "label"))\n"
            + (output == nil ? "Next: the same with --output FOLDER, or decant train\n" : ""))
      }
    }

    /// A record on a line: its name, the beginning of its text, its labels.
    private func shown(_ record: Int, of records: LabelledRecords) -> String {
      let text = (records.documents.texts?[record] ?? "").onOneLine
      let short = text.count > 60 ? text.prefix(59) + "…" : text[...]
      let labels = records.labelNames(of: record).map(\.onOneLine).joined(separator: " | ")
      return "  \(records.documents.ids[record].onOneLine)  \(short)  →  \(labels)\n"
    }
  }
}

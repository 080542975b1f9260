import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Models
import Storage

/// A format of other programs' data sets.
enum ForeignFormat: String, ExpressibleByArgument, CaseIterable {
  case extremeText = "xmc-text"
  case svmlight
  case labelStudio = "label-studio"
  case argilla
}

extension DataCommand {
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Convert other programs' files to a data set.",
      discussion: """
        xmc-text and svmlight are folders of the extreme-classification repository; they become a \
        folder that decant trains on.

          xmc-text  trn.json.gz and lbl.json.gz, optionally tst.json.gz; a text is title and content
          svmlight  a file that ends in train.txt, optionally one in test.txt; bags of words

        Both formats may have filter_labels_train.txt and filter_labels_test.txt: pairs of a document \
        and a label that are removed from the predictions before the evaluation.

        label-studio and argilla are exports of labelled documents. They become a file of \
        {"text", "labels"} lines, which decant train takes as data, or with --feedback in addition to \
        other data. A label counts if more than half of the people who answered gave it.

          label-studio  an export of the kind JSON or JSON-MIN, with choices
          argilla       the records that dataset.records.to_json writes, with responses

        Examples:
          decant data import --format xmc-text LF-AmazonTitles-131K --output data/amazon
          decant data import --format svmlight Eurlex --propensity standard --output data/eurlex
          decant data import --format argilla records.json --output labelled.jsonl
        """)

    @Option(help: "Format of the files: xmc-text, svmlight, label-studio or argilla.")
    var format: ForeignFormat

    @Argument(help: ArgumentHelp("Folder of the files, or the file.", valueName: "source"))
    var source: String

    @Option(help: ArgumentHelp("Folder or file to create.", valueName: "dir"))
    var output: String

    @Option(
      help: """
        Constants for the weight of rare labels in PSP, stored in the data set: standard, wikipedia \
        or amazon.
        """)
    var propensity: PropensityName?

    func run() throws {
      try reporting {
        var dataset: Dataset
        switch format {
        case .extremeText: dataset = try ExtremeTextFolder.read(source)
        case .svmlight: dataset = try SVMLightFolder.read(source)
        case .labelStudio: return try importLabels(of: .labelStudio)
        case .argilla: return try importLabels(of: .argilla)
        }
        dataset.description.propensity = propensity.map {
          .init(a: $0.value.exponent, b: $0.value.offset)
        }
        try DatasetFolder.write(dataset, to: output)
        let pairs = [dataset.train, dataset.test].compactMap { $0?.filter?.entryCount }
        try StandardStreams.write(
          "\(output): \(dataset.train.count) train and \(dataset.test?.count ?? 0) test documents, "
            + "\(counted(dataset.labels.count, "label")), "
            + "\(counted(pairs.reduce(0, +), "filter pair"))\n")
      }
    }

    private func importLabels(of program: LabellingExport.Program) throws {
      guard propensity == nil else {
        throw ValidationError("--propensity is for data sets, not for \(format.rawValue).")
      }
      let export = try LabellingExport(contentsOf: source, of: program)
      let file = try AtomicFile(path: output)
      for record in export.records {
        try file.write(
          String(decoding: try JSONEncoder.stable.encode(record), as: UTF8.self) + "\n")
      }
      try file.commit()
      try StandardStreams.write(
        "\(output): \(counted(export.records.count, "labelled document"))"
          + (export.unlabelled > 0
            ? "; \(counted(export.unlabelled, "document")) without labels left out" : "") + "\n")
    }
  }
}

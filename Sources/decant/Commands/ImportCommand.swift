import ArgumentParser
import Datasets
import Evaluation
import Storage

/// A format of other programs' data sets.
enum ForeignFormat: String, ExpressibleByArgument, CaseIterable {
  case extremeText = "xmc-text"
  case svmlight
}

extension DataCommand {
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Convert files of the extreme-classification repository to a data set.",
      discussion: """
        Reads a folder of the repository and writes one that decant trains on.

          xmc-text  trn.json.gz and lbl.json.gz, optionally tst.json.gz; a text is title and content
          svmlight  a file that ends in train.txt, optionally one in test.txt; bags of words

        Both formats may have filter_labels_train.txt and filter_labels_test.txt: pairs of a document \
        and a label that are removed from the predictions before the evaluation.

        Examples:
          decant data import --format xmc-text LF-AmazonTitles-131K --output data/amazon
          decant data import --format svmlight Eurlex --propensity standard --output data/eurlex
        """)

    @Option(help: "Format of the files: xmc-text or svmlight.")
    var format: ForeignFormat

    @Argument(help: ArgumentHelp("Folder of the files.", valueName: "source"))
    var source: String

    @Option(help: ArgumentHelp("Folder to create.", valueName: "dir"))
    var output: String

    @Option(
      help: """
        Constants for the weight of rare labels in PSP, stored in the data set: standard, wikipedia \
        or amazon.
        """)
    var propensity: PropensityName?

    func run() throws {
      try reporting {
        var dataset =
          switch format {
          case .extremeText: try ExtremeTextFolder.read(source)
          case .svmlight: try SVMLightFolder.read(source)
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
  }
}

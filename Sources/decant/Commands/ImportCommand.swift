import ArgumentParser
import Datasets
import Evaluation
import Torch

/// A form that data sets come in from elsewhere.
enum ForeignFormat: String, ExpressibleByArgument, CaseIterable {
  case extremeText = "xmc-text"
  case svmlight
}

extension DataCommand {
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a data set of files of the extreme-classification repository.",
      discussion: """
        Reads a folder as the repository has it and writes one that decant trains on.

          xmc-text  trn.json.gz and lbl.json.gz, perhaps tst.json.gz; a text is title and content
          svmlight  one file that ends in train.txt, perhaps one in test.txt; bags of words

        With either, filter_labels_train.txt and filter_labels_test.txt: pairs of a document and a \
        label that are taken out of the predictions before they are judged.

        Examples:
          decant data import --format xmc-text LF-AmazonTitles-131K --output data/amazon
          decant data import --format svmlight Eurlex --propensity standard --output data/eurlex
        """)

    @Option(help: "What the files are: xmc-text or svmlight.")
    var format: ForeignFormat

    @Argument(help: ArgumentHelp("The folder of the files.", valueName: "source"))
    var source: String

    @Option(help: ArgumentHelp("The folder to make.", valueName: "dir"))
    var output: String

    @Option(
      help: """
        Note in the data set how much rare labels count in its metrics: standard, wikipedia or \
        amazon.
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

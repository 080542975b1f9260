import ArgumentParser
import Datasets

extension DataCommand {
  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a data set in a format of other programs.",
      discussion: """
        svmlight is the bag-of-words format of the extreme-classification repository: train.txt and \
        test.txt, with a first line "rows features labels" and a line "label,label feature:value …" \
        for each document. Filter pairs go to filter_labels_train.txt and filter_labels_test.txt. \
        Texts become the bags that decant trains on, with the vocabulary of train.

        Example:
          decant data export data/debian-tags --format svmlight --output data/debian-tags-bags
        """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case svmlight }

    @Argument(help: ArgumentHelp("Data set: a folder or a file.", valueName: "dir"))
    var dataset: String

    @Option(help: "Format: svmlight.")
    var format: Format

    @Option(help: ArgumentHelp("Folder to create.", valueName: "dir"))
    var output: String

    func run() throws {
      try reporting {
        let read = try Dataset.read(dataset)
        try SVMLightFolder.write(read, to: output)
        try StandardStreams.write(
          "\(output): \(read.train.count) train and \(read.test?.count ?? 0) test documents\n")
      }
    }
  }
}

import ArgumentParser
import Datasets

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Makes a data set, or writes one in another form.",
    subcommands: [Debian.self, Import.self, Export.self])

  struct Debian: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a data set of this machine's Debian package lists.",
      discussion: """
        Every Debian or Ubuntu machine knows some 60,000 packages with their descriptions. Long \
        descriptions are fetched once with apt, into a folder of decant's own; root is not needed.

          tags     a package's description → its debtags (about 600 labels)
          related  a package's description → the packages it names as relations (about 15,000 \
        labels, which have texts themselves)
          section  a package's description → its section

        With --language the descriptions are those that people translated; packages that nobody \
        has translated are left out. Debian has some 21,000 in French, 14,000 in German and 6,600 \
        in Japanese.

        Examples:
          decant data debian --task tags --output data/debian-tags
          decant data debian --task tags --language ja --output data/debian-tags-ja
        """)

    @Option(help: "What the labels are: tags, related or section.")
    var task: TaskName

    @Option(help: "The language of the descriptions, as Debian names it: en, ja, de, pt_BR…")
    var language = DebianLanguage.english.name

    @Option(help: ArgumentHelp("The folder to make.", valueName: "dir"))
    var output: String

    enum TaskName: String, ExpressibleByArgument, CaseIterable {
      case tags, related, section
    }

    func run() throws {
      try reporting {
        let lists = try DebianLists.ofThisMachine(
          language: DebianLanguage(language), progress: StandardStreams.note)
        let dataset = try taskValue.dataset(
          of: DebianArchive(lists, progress: StandardStreams.note))
        try DatasetFolder.write(dataset, to: output)
        let test = dataset.test?.count ?? 0
        try StandardStreams.write(
          "\(output): \(dataset.train.count) train and \(test) test documents, "
            + "\(dataset.labels.count) labels\n")
      }
    }

    private var taskValue: DebianTask {
      switch task {
      case .tags: .tags
      case .related: .related
      case .section: .section
      }
    }
  }
}

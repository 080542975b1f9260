import ArgumentParser
import Datasets

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Create a data set, or convert one.",
    subcommands: [Debian.self, Convert.self, Import.self, Export.self])

  struct Debian: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create a data set from this machine's Debian package lists.",
      discussion: """
        Every Debian or Ubuntu machine knows about 60,000 packages with their descriptions. apt \
        downloads the long descriptions once, into decant's cache folder, without root.

          tags     a package's description → its debtags (about 600 labels)
          related  a package's description → its related packages (about 15,000 labels, with texts)
          section  a package's description → its section

        --language uses translated descriptions and leaves out packages without one. Debian has \
        about 21,000 in French, 14,000 in German and 6,600 in Japanese.

        Examples:
          decant data debian --task tags --output data/debian-tags
          decant data debian --task tags --language ja --output data/debian-tags-ja
        """)

    @Option(help: "Labels: tags, related or section.")
    var task: TaskName

    @Option(help: "Language of the descriptions, as Debian names it: en, ja, de, pt_BR…")
    var language = DebianLanguage.english.name

    @Option(help: ArgumentHelp("Folder to create.", valueName: "dir"))
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

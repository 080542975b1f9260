import ArgumentParser
import Evaluation
import Foundation
import Models
import Retrieval
import Storage
import Torch

struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Find the labels or documents nearest to texts, in an index.",
    discussion: HelpLevel.discussion(
      "search",
      full: """
        decant index writes the index. The run must be the one that the index was made with; it embeds \
        the texts, which are arguments, or come from files or standard input as in decant predict.

        Examples:
          decant search tags.index runs/tags "a text editor for programmers"
          decant search packages.index runs/tags --k 10 --breadth 200 --file texts.txt --json
        """))

  @Argument(help: ArgumentHelp("File of the index.", valueName: "index"))
  var index: String

  @Argument(help: ArgumentHelp("Folder of the run.", valueName: "run"))
  var run_: String

  @Argument(help: ArgumentHelp("Texts to search for.", valueName: "text"))
  var texts: [String] = []

  @Option(help: "Results per text.")
  var k = 5

  @Option(
    help: "Candidates kept during the search: more improve recall and take longer (default: 64).")
  var breadth: Int?

  @Flag(help: "Compare with every vector; always so if the index has no graph.")
  var exact = false

  @OptionGroup(title: HelpLevel.title("Texts")) var input: TextInputOptions

  @OptionGroup(title: HelpLevel.title("Answers")) var answers: AnswerOptions

  @OptionGroup var threads: ThreadsOption

  func validate() throws {
    try require([("k", k, 1), ("breadth", breadth, 1)])
    guard !exact || breadth == nil else {
      throw ValidationError("--breadth applies to the graph, which --exact does not use.")
    }
    try input.check(texts: texts)
  }

  func run() throws {
    try reporting {
      let whole = try TrainedModel(folder: RunFolder(path: run_), threads: threads.count)
      let texts = try input.open(texts: self.texts, as: whole.configuration.data)
      let (store, search) = try searcher(threads: whole.threads)
      let model = try store.cut(whole)
      let kind = store.note["of"].flatMap(RankedAnswers.Kind.init(rawValue:)) ?? .labels
      let output = try RankedAnswers(
        answers, of: kind, hasTexts: store.hasTexts, keeping: texts.kept)
      try output.write(texts, input, by: model) { texts in
        let queries = try model.embedded(texts)
        return try search(queries.vectors).enumerated().map { row, nearest in
          var found = nearest
          (found.isKnown, found.isCut) = (queries.isKnown[row], queries.isCut[row])
          // A text without known words has no nearest neighbours.
          if !found.isKnown { found.labels = [] }
          return found
        }
      }
    }
  }

  private typealias Search = (Tensor) throws -> [TrainedModel.Prediction]

  /// The index and the search in it.
  private func searcher(threads: Int) throws -> (VectorStore, Search) {
    var graph: ApproximateIndex?
    let whole: ExactSearch
    if exact {
      whole = try exactSearch()
    } else {
      do {
        let index = try ApproximateIndex(path: index)
        graph = index
        whole = ExactSearch(index.store)
      } catch let error as InputError where error.reason == ApproximateIndex.hasNoGraph {
        whole = try exactSearch()
        if breadth != nil {
          StandardStreams.note("\(index) has no graph: --breadth has no effect")
        }
      }
    }
    let store = whole.store
    if let maker = store.note["run"], Self.name(maker) != Self.name(run_) {
      StandardStreams.note(
        "\(index) was made with \(maker): scores are only valid if \(run_) is the same run"
      )
    }
    let search: Search = { [graph] queries in
      let ranking = try attributingErrors(to: index) {
        try graph?.search(queries, k: k, breadth: breadth ?? 64, threads: threads)
          ?? whole(queries, k: k, threads: threads)
      }
      return (0..<ranking.rowCount).map { row in
        TrainedModel.Prediction(
          labels: zip(ranking.labels(ofRow: row), ranking.scores(ofRow: row)).map {
            .init(
              id: store.id(ofRow: Int($0)), text: store.text(ofRow: Int($0)), score: Double($1))
          })
      }
    }
    return (store, search)
  }

  /// A search that compares with every vector, by codes first if the index has them.
  private func exactSearch() throws -> ExactSearch {
    do {
      return try ExactSearch(path: index)
    } catch let error as SearchError where error.isMissingLibrary {
      StandardStreams.note("\(index): the codes are not used: \(error.message)")
      return ExactSearch(try VectorStore(path: index))
    }
  }

  /// The last part of a run's path: the folders around it may have moved.
  private static func name(_ run: String) -> String { URL(filePath: run).lastPathComponent }
}

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
    discussion: """
      decant index writes the index. The run must be the one that the index was made with; it embeds \
      the texts. Texts are arguments, lines of a file, or lines of standard input. Lines that are not \
      UTF-8 are treated as in decant predict.

      Examples:
        decant search tags.index runs/tags "a text editor for programmers"
        decant search packages.index runs/tags --k 10 --breadth 200 --file texts.txt --json
      """)

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

  @OptionGroup var lines: LineOptions

  @OptionGroup var threads: ThreadsOption

  @Flag(help: "Print one JSON object per text: {\"text\", \"labels\": [{\"id\", \"score\"}]}.")
  var json = false

  func validate() throws {
    try require([("k", k, 1), ("breadth", breadth, 1)])
    guard !exact || breadth == nil else {
      throw ValidationError("--breadth applies to the graph, which --exact does not use.")
    }
    try lines.check(texts: texts)
  }

  func run() throws {
    try reporting {
      let lines = texts.isEmpty ? try TextLines(path: self.lines.file) : nil
      let model = try TrainedModel(folder: RunFolder(path: run_), threads: threads.count)
      let search = try searcher(threads: model.threads)
      let notes = TextNotes()
      guard let lines else { return try write(texts.map(\.normalizedToNFC), model, search, notes) }
      try self.lines.answer(lines, json: json) { try write($0, model, search, notes) }
    }
  }

  private typealias Search = (Tensor) throws -> [TrainedModel.Prediction]

  private func searcher(threads: Int) throws -> Search {
    let store: VectorStore
    var graph: ApproximateIndex?
    if exact {
      store = try VectorStore(path: index)
    } else {
      do {
        let index = try ApproximateIndex(path: index)
        graph = index
        store = index.store
      } catch let error as InputError where error.reason == ApproximateIndex.hasNoGraph {
        store = try VectorStore(path: index)
        if breadth != nil {
          StandardStreams.note("\(index) has no graph: --breadth has no effect")
        }
      }
    }
    if let maker = store.note["run"], Self.name(maker) != Self.name(run_) {
      StandardStreams.note(
        "\(index) was made with \(maker): scores are only valid if \(run_) is the same run"
      )
    }
    return { queries in
      let ranking = try attributingErrors(to: index) {
        try graph?.search(queries, k: k, breadth: breadth ?? 64, threads: threads)
          ?? ExactSearch(store)(queries, k: k, threads: threads)
      }
      return (0..<ranking.rowCount).map { row in
        TrainedModel.Prediction(
          labels: zip(ranking.labels(ofRow: row), ranking.scores(ofRow: row)).map {
            .init(id: store.id(ofRow: Int($0)), score: Double($1))
          })
      }
    }
  }

  /// The last part of a run's path: the folders around it may have moved.
  private static func name(_ run: String) -> String { URL(filePath: run).lastPathComponent }

  private func write(
    _ texts: [String], _ model: TrainedModel, _ search: Search, _ notes: TextNotes
  ) throws {
    var answer = ""
    let queries = try model.embedded(texts)
    for (row, (text, nearest)) in zip(texts, try search(queries.vectors)).enumerated() {
      var found = nearest
      (found.isKnown, found.isCut) = (queries.isKnown[row], queries.isCut[row])
      // A text without known words has no nearest neighbours.
      if !found.isKnown { found.labels = [] }
      notes.say(isKnown: found.isKnown, isCut: found.isCut, by: model)
      if json {
        answer += try found.json(text: text) + "\n"
        continue
      }
      answer += text.onOneLine + "\n"
      if !found.isKnown { answer += TextNotes.unknown + "\n" }
      for label in found.labels {
        answer += String(format: "  %8.3f  ", label.score) + label.id.onOneLine + "\n"
      }
    }
    try StandardStreams.write(answer)
  }
}

import ArgumentParser
import Evaluation
import Foundation
import Retrieval
import Torch
import Training

struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Finds the labels or documents nearest to texts, in an index.",
    discussion: """
      The index is one that decant index has written; the run is the one it was made with, which \
      embeds the texts. Texts are arguments, or lines of a file, or lines of standard input; lines \
      that are not UTF-8 are treated as decant predict does.

      Examples:
        decant search tags.index runs/tags "a text editor for programmers"
        decant search packages.index runs/tags --k 10 --breadth 200 --file texts.txt --json
      """)

  @Argument(help: ArgumentHelp("The index.", valueName: "index"))
  var index: String

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var run_: String

  @Argument(help: ArgumentHelp("Texts to search with.", valueName: "text"))
  var texts: [String] = []

  @Option(help: "How many a text gets.")
  var k = 5

  @Option(help: "Candidates kept on the way: more find more and take longer (default: 64).")
  var breadth: Int?

  @Flag(help: "Compare with every vector; as it is where the index has no graph.")
  var exact = false

  @OptionGroup var lines: LineOptions

  @Option(help: "Threads to compute with; as many as in training by default.")
  var threads: Int?

  @Flag(help: "Write one JSON object a text: {\"text\", \"labels\": [{\"id\", \"score\"}]}.")
  var json = false

  func validate() throws {
    for (name, value) in [("k", k), ("breadth", breadth ?? 1)] where value < 1 {
      throw ValidationError("--\(name) is \(value); it must be at least 1.")
    }
    guard !exact || breadth == nil else {
      throw ValidationError("--breadth is for the graph, which --exact leaves aside.")
    }
    try lines.check(texts: texts)
    try validateThreads(threads)
  }

  func run() throws {
    try reporting {
      let lines = texts.isEmpty ? try TextLines(path: self.lines.file) : nil
      let model = try TrainedModel(folder: RunFolder(path: run_), threads: threads)
      let search = try searcher()
      let notes = TextNotes()
      guard let lines else { return try write(texts.map(\.normalizedToNFC), model, search, notes) }
      try self.lines.answer(lines, json: json) { try write($0, model, search, notes) }
    }
  }

  private typealias Search = (Tensor) throws -> [TrainedModel.Prediction]

  private func searcher() throws -> Search {
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
        "\(index) was made with \(maker): the scores mean something only if \(run_) is the same run"
      )
    }
    return { queries in
      let ranking =
        try graph?.search(queries, k: k, breadth: breadth ?? 64, threads: Runtime.threadCount)
        ?? ExactSearch(store)(queries, k: k)
      return (0..<ranking.rowCount).map { row in
        TrainedModel.Prediction(
          labels: zip(ranking.labels(ofRow: row), ranking.scores(ofRow: row)).map {
            .init(id: store.id(ofRow: Int($0)), score: Double($1))
          })
      }
    }
  }

  /// A run's own name: the folders around it may have moved.
  private static func name(_ run: String) -> String { URL(filePath: run).lastPathComponent }

  private func write(
    _ texts: [String], _ model: TrainedModel, _ search: Search, _ notes: TextNotes
  ) throws {
    var answer = ""
    let queries = try model.embedded(texts)
    for (row, (text, nearest)) in zip(texts, try search(queries.vectors)).enumerated() {
      var found = nearest
      (found.isKnown, found.isCut) = (queries.isKnown[row], queries.isCut[row])
      // Nothing is nearer to a text without content than anything else.
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

import ArgumentParser
import Datasets
import Foundation
import Learning
import Torch
import Training

struct StreamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream",
    abstract: "Learns from a data set document by document and predicts each one first.",
    discussion: """
      Reads train and then test in order. Every document is predicted before its labels are learnt, \
      so that all of them test. A line is printed now and then: F1 over all pairs (micro), over \
      labels (macro) and over documents, the share of documents that are all right, and the Hamming \
      loss, of the documents of late (see --fading); the last line is of all documents.

      Learners:
        ihomer    a partition of the labels that follows the stream, a tree, neighbours and \
      regressions for each part, detectors of change
        global    the same with all labels in one part
        tree      one tree
        logistic  one logistic regression a label
        prior     the labels that are frequent of late

      Examples:
        decant stream data/debian-tags
        decant stream data/debian-tags --learner logistic --json
        decant stream data/debian-tags --shuffle-seed 1 --limit 5000
      """)

  enum LearnerName: String, ExpressibleByArgument, CaseIterable {
    case ihomer, global, tree, logistic, prior
  }

  enum DecisionName: String, ExpressibleByArgument, CaseIterable {
    case fMeasure = "f-measure"
    case half

    var value: StreamDecision { self == .half ? .half : .fMeasure }
  }

  enum FeaturesName: String, ExpressibleByArgument, CaseIterable {
    case sparse, dense

    var value: StreamFeatures { self == .sparse ? .sparse : .dense }
  }

  @Argument(help: ArgumentHelp("The data set, a folder or a file.", valueName: "data"))
  var data: String

  @Option(help: "The model: ihomer, global, tree, logistic or prior.")
  var learner: LearnerName = .ihomer

  @Option(
    help: "A label is predicted above the threshold that is best for F1 (f-measure) or above half.")
  var decision: DecisionName = .fMeasure

  @Option(help: "Whether features are words (sparse) or measurements (dense); seen from the data.")
  var features: FeaturesName?

  @Option(help: "Documents from one line to the next; a tenth of all by default.")
  var interval: Int?

  @Option(help: "What a document counts less in a line for each later one, above 0 and at most 1.")
  var fading = 0.999

  @Option(help: "Takes the documents in a random order of this number.")
  var shuffleSeed: UInt64?

  @Option(help: "Stops after so many documents.")
  var limit: Int?

  @Flag(help: "Leave out lines of the data set that cannot be used, and count them.")
  var skipBad = false

  @Flag(help: "Write one JSON object at the end instead of lines.")
  var json = false

  func validate() throws {
    guard fading > 0, fading <= 1 else {
      throw ValidationError("--fading is \(fading); it must be above 0 and at most 1.")
    }
    for (name, value) in [("--interval", interval), ("--limit", limit)] {
      if let value, value < 1 {
        throw ValidationError("\(name) is \(value); it must be at least 1.")
      }
    }
  }

  /// One line of the table.
  struct Line: Encodable {
    var documents: Int
    var overall: PrequentialMetrics.Values
    var faded: PrequentialMetrics.Values
  }

  struct Summary: Encodable {
    var data: String
    var learner: String
    var decision: String
    var features: String
    var labels: Int
    var documents: Int
    var cpuSeconds: Double
    var overall: PrequentialMetrics.Values
    var faded: PrequentialMetrics.Values
    var state: [String: Double]
    var lines: [Line]
  }

  func run() throws {
    try reporting {
      let dataset = try Dataset.read(data, badLines: skipBad ? .skip : .refuse)
      if dataset.skipped.count > 0 {
        StandardStreams.note("\(counted(dataset.skipped.count, "line")) left out")
      }
      let rows = StreamRows(dataset, shuffleSeed: shuffleSeed, limit: limit)
      guard rows.count > 0, rows.labelCount > 0 else {
        throw InputError(
          file: data, reason: "\(rows.count) rows and \(rows.labelCount) labels",
          expected: "at least one of each")
      }
      let kind = features?.value ?? rows.likelyFeatures
      let model = makeLearner(rows, kind)
      var metrics = PrequentialMetrics(labelCount: rows.labelCount, fading: fading)
      var lines: [Line] = []
      var seconds = 0.0
      let step = interval ?? max(1, rows.count / 10)
      if !json { try StandardStreams.write(Self.heading) }
      for index in 0..<rows.count {
        let example = rows[index]
        let start = Self.processorSeconds()
        let predicted = model.predict(example)
        model.learn(example)
        seconds += Self.processorSeconds() - start
        metrics.add(predicted: predicted, actual: example.labels)
        guard (index + 1) % step == 0 else { continue }
        lines.append(
          Line(documents: index + 1, overall: metrics.overall, faded: metrics.faded))
        if !json {
          try StandardStreams.write(Self.text("\(index + 1)", metrics.faded))
        }
      }
      let summary = Summary(
        data: dataset.description.name, learner: learner.rawValue, decision: decision.rawValue,
        features: kind.rawValue, labels: rows.labelCount, documents: rows.count,
        cpuSeconds: seconds, overall: metrics.overall, faded: metrics.faded,
        state: Dictionary(model.state.map { ($0.name, $0.value) }) { $1 },
        lines: lines)
      try finish(summary)
    }
  }

  private func finish(_ summary: Summary) throws {
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return try StandardStreams.write(
        String(decoding: try encoder.encode(summary), as: UTF8.self) + "\n")
    }
    try StandardStreams.write(Self.text("all", summary.overall))
    let state = summary.state.sorted { $0.key < $1.key }.map { "\($0.key) \(Int($0.value))" }
    let rate = Double(summary.documents) / max(summary.cpuSeconds, 1e-9)
    try StandardStreams.write(
      "\n\(summary.learner), \(summary.features) features, "
        + String(format: "%.1f s, %.0f documents/s", summary.cpuSeconds, rate)
        + (state.isEmpty ? "" : "\n" + state.joined(separator: ", ")) + "\n")
  }

  private func makeLearner(_ rows: StreamRows, _ kind: StreamFeatures) -> any StreamLearner {
    switch learner {
    case .ihomer, .global:
      var configuration = IHOMERLearner.Configuration(decision: decision.value)
      if learner == .global { configuration.clustering = nil }
      return IHOMERLearner(
        labelCount: rows.labelCount, featureCount: rows.featureCount, features: kind,
        configuration: configuration)
    case .tree:
      return TreeLearner(
        labelCount: rows.labelCount, featureCount: rows.featureCount, features: kind,
        decision: decision.value)
    case .logistic:
      return LogisticLearner(
        labelCount: rows.labelCount, featureCount: rows.featureCount, features: kind,
        decision: decision.value)
    case .prior:
      return PriorLearner(labelCount: rows.labelCount, decision: decision.value)
    }
  }

  private static let heading =
    "documents   micro F1   macro F1  example F1   subset  Hamming\n"

  private static func text(_ documents: String, _ values: PrequentialMetrics.Values) -> String {
    String(repeating: " ", count: max(0, 9 - documents.count)) + documents
      + String(
        format: "   %8.4f   %8.4f   %8.4f  %7.4f  %7.4f\n", values.microF1, values.macroF1,
        values.exampleF1, values.subsetAccuracy, values.hammingLoss)
  }

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

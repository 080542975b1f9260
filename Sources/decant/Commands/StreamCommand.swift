import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Storage
import Streams
import SwiftOverlayShims

struct StreamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream",
    abstract: "Learn from a data set document by document, predicting each one first.",
    discussion: """
      Reads train, then test, in order. Every document is predicted before its labels are learned, so \
      that each one is a test. Prints a line at intervals: micro, macro and example F1, the share of \
      documents with all labels correct, and the Hamming loss, with recent documents counting most \
      (see --fading). The last line is over all documents.

      Learners:
        ihomer    an adaptive partition of the labels; a tree, nearest neighbours and regressions \
      for each part; change detectors
        global    the same with all labels in one part
        tree      one tree
        logistic  a logistic regression for each label
        prior     the most frequent recent labels

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

  @Argument(help: ArgumentHelp("Data set: a folder or a file.", valueName: "data"))
  var data: String

  @Option(help: "Model: ihomer, global, tree, logistic or prior.")
  var learner: LearnerName = .ihomer

  @Option(
    help: "Threshold of a prediction: the best one for F1 (f-measure), or one half (half).")
  var decision: DecisionName = .fMeasure

  @Option(help: "Features: words (sparse) or measurements (dense) (default: depends on the data).")
  var features: FeaturesName?

  @Option(help: "Documents per line (default: a tenth of all).")
  var interval: Int?

  @Option(help: "Factor on a document's weight for each later document, above 0 and at most 1.")
  var fading = 0.999

  @Option(help: "Random seed for the order of the documents (default: not shuffled).")
  var shuffleSeed: UInt64?

  @Option(help: "Number of documents after which to stop.")
  var limit: Int?

  @OptionGroup var malformed: SettingOptions<DataPart>

  @Flag(help: "Print one JSON object at the end instead of lines.")
  var json = false

  func validate() throws {
    guard fading > 0, fading <= 1 else {
      throw ValidationError("--fading is \(fading); it must be above 0 and at most 1.")
    }
    try require([("interval", interval, 1), ("limit", limit, 1)])
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
      let dataset = try Dataset.read(
        data, malformed.given.reading() ?? DataReading(), badLines: malformed.badLines)
      for note in dataset.notes { StandardStreams.note(note) }
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

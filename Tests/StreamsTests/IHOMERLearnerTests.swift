import Evaluation
import Foundation
import Storage
import Streams
import TestSupport
import Testing

@Suite struct IHOMERLearnerTests {
  struct Case: Decodable {
    struct Events: Decodable {
      var splits: Double
      var merges: Double
      var local: Double
      var global: Double
      var replaced: Double
    }
    var features: StreamFeatures
    var labelCount: Int
    var featureCount: Int
    var rows: [StreamRow]
    var predictions: [[Int32]]
    var events: Events
    var clusters: [[Int32]]
  }

  @Test func `agrees with the batch definition over stored rows`() throws {
    for one in try streamCases(Case.self, "IHOMERLearner") {
      let learner = IHOMERLearner(
        labelCount: one.labelCount, featureCount: one.featureCount, features: one.features)
      var differences: [Int] = []
      for (index, row) in one.rows.enumerated() {
        if learner.predict(row.example) != one.predictions[index] { differences.append(index) }
        learner.learn(row.example)
      }
      #expect(differences.isEmpty, "\(one.features): other labels at rows \(differences.prefix(9))")
      #expect(learner.clusters == one.clusters)
      let state = Dictionary(uniqueKeysWithValues: learner.state.map { ($0.name, $0.value) })
      #expect(state["splits"] == one.events.splits)
      #expect(state["merges"] == one.events.merges)
      #expect(state["localChanges"] == one.events.local)
      #expect(state["globalChanges"] == one.events.global)
      #expect(state["replacedTrees"] == one.events.replaced)
    }
  }

  /// Each of six labels depends on a separate feature, and on another one after the change.
  private func run(_ configuration: IHOMERLearner.Configuration) -> (before: Double, after: Double)
  {
    let learner = IHOMERLearner(
      labelCount: 6, featureCount: 12, features: .sparse, configuration: configuration)
    var random = SplitMix64(12)
    var before = PrequentialMetrics(labelCount: 6, fading: 0.99)
    var after = before
    for index in 0..<1600 {
      let columns = (0..<Int32(12)).filter { _ in random.below(3) == 0 }
      let labels = columns.filter { $0 < 6 }.map { index < 800 ? $0 : 5 - $0 }.sorted()
      let example = StreamExample(
        columns: columns, values: columns.map { _ in 1 }, labels: labels)
      let predicted = learner.predict(example)
      if index < 800 {
        before.add(predicted: predicted, actual: labels)
      } else {
        after.add(predicted: predicted, actual: labels)
      }
      learner.learn(example)
    }
    return (before.faded.microF1, after.faded.microF1)
  }

  @Test func `learns and recovers from a change`() {
    let recovering = run(.init())
    #expect(recovering.before > 0.95 && recovering.after > 0.9, "\(recovering)")
    let blind = run(.init(detector: .init(confidence: 1e-300, clock: 1_000_000)))
    #expect(blind.after < recovering.after, "\(blind)")
  }

  @Test func `prediction never reads the labels`() {
    func predictions(hiding: Bool) -> [[Int32]] {
      let learner = IHOMERLearner(labelCount: 3, featureCount: 4, features: .dense)
      var random = SplitMix64(1)
      return (0..<200).map { _ in
        let x = random.doubles(4)
        let example = StreamExample(
          columns: [0, 1, 2, 3], values: x, labels: (0..<Int32(3)).filter { x[Int($0)] > 0 })
        var asked = example
        if hiding { asked.labels = [] }
        defer { learner.learn(example) }
        return learner.predict(asked)
      }
    }
    #expect(predictions(hiding: true) == predictions(hiding: false))
  }

  @Test func `predicts no label for the first document`() {
    let learner = IHOMERLearner(labelCount: 3, featureCount: 2, features: .sparse)
    #expect(learner.predict(StreamExample(columns: [0], values: [1], labels: [])) == [])
  }

  @Test func `baselines learn`() {
    let all: [any StreamLearner] = [
      PriorLearner(labelCount: 3, decision: .half),
      LogisticLearner(labelCount: 3, featureCount: 3, features: .sparse, decision: .half),
      TreeLearner(labelCount: 3, featureCount: 3, features: .sparse, decision: .half),
    ]
    for learner in all {
      for index in 0..<1500 {
        let column = Int32(index % 3)
        learner.learn(
          StreamExample(columns: [column], values: [1], labels: column == 0 ? [0, 2] : [2]))
      }
      let isPrior = learner is PriorLearner
      for column in [0, 1] as [Int32] {
        let predicted = learner.predict(StreamExample(columns: [column], values: [1], labels: []))
        #expect(predicted == (column == 0 && !isPrior ? [0, 2] : [2]), "\(learner)")
      }
    }
  }

  @Test func `traps on zero labels`() async {
    await #expect(processExitsWith: .failure) {
      _ = IHOMERLearner(labelCount: 0, featureCount: 1, features: .sparse)
    }
  }
}

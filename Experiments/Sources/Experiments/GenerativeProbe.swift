import Contrastive
import Datasets
import Evaluation
import Extreme
import Foundation
import Storage
import Torch

/// Naive Bayes against logistic regression on embeddings learnt without classes.
final class GenerativeProbe: Experiment {
  static let name = "generative-probe"
  static let claim =
    "On frozen embeddings naive Bayes needs fewer examples than logistic regression to come close to its best."
  static let paper =
    "Zheng, Wu, Bao, Cao, Li, Zhu. Revisiting Discriminative vs. Generative Classifiers: Theory and Implications. ICML 2023. <https://arxiv.org/abs/2302.02334>"
  static let data =
    "BANKING77 (10,003 questions to learn from, 3,080 to test, 77 classes; for choices 7,003 to learn from and 3,000 of the others). A bag encoder of 64 dimensions learns without classes to find the other half of a question's words (symmetric InfoNCE, 10 epochs of batches of 128); examples are drawn with every class at least once."
  static var uses: [Any.Type] {
    [
      Banking77.self, TextFeatures.self, LinearProbe.self, NaiveBayesProbe.self,
      SampleEfficiencyCurve.self, BagEncoder.self, SymmetricInfoNCELoss.self,
    ]
  }
  static let conditionName = "examples"
  static let conditions = [77, 154, 385, 770, 1540, 3080, 10003]
  enum Arm: String, Named, CaseIterable {
    case logistic = "logistic regression"
    case logisticOne = "logistic regression, α = 1"
    case naiveBayes = "naive Bayes"
  }
  static let measures = ["test accuracy (%)"]
  static let settingName = "penalty or smoothing"
  static let choiceConditions = [154, 770, 3080]
  static let choiceSeeds = 1

  static func settings(of arm: Arm) -> [Double] {
    switch arm {
    case .logistic: [0.1, 0.01, 0.001]
    case .logisticOne: [1]
    case .naiveBayes: [1e-9, 0.1, 1, 10]
    }
  }

  private let train: (texts: [String], classes: [Int])
  private let test: (texts: [String], classes: [Int])
  private let options: ExperimentOptions
  private var embeddings: [UInt64: (train: Tensor, test: Tensor)] = [:]

  init(_ options: ExperimentOptions) throws {
    self.options = options
    let files = try Banking77.questions(options)
    let names = Set(files.train.map(\.name)).sorted()
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    func set(_ records: [Banking77.Question]) -> (texts: [String], classes: [Int]) {
      (records.map(\.text), records.map { places[$0.name] ?? names.count })
    }
    guard options.part == .choice else {
      (train, test) = (set(files.train), set(files.test))
      return
    }
    // Questions of a class are consecutive in the file.
    var random = SplitMix64(0)
    let mixed = files.train.shuffled(using: &random)
    (train, test) = (set(Array(mixed.dropLast(3_000))), set(Array(mixed.suffix(3_000))))
  }

  func run(arm: Arm, condition: Int, setting: Double, seed: UInt64) throws -> [Double] {
    let vectors = try embeddings(seed: seed)
    let curve = SampleEfficiencyCurve(sizes: [condition], draws: 1, seed: seed)
    func points(_ probe: some EmbeddingProbe) throws -> [SampleEfficiencyCurve.Point] {
      try curve(
        probe, embeddings: vectors.train, classes: train.classes, testEmbeddings: vectors.test,
        testClasses: test.classes)
    }
    let found =
      arm == .naiveBayes
      ? try points(NaiveBayesProbe(smoothing: setting))
      : try points(LinearProbe(penalty: setting))
    return [found[0].mean * 100]
  }

  static func verdict(_ record: Results<GenerativeProbe>) -> Verdict {
    // The number of examples with which an arm reaches nine tenths of its best, seed by seed.
    func reach(_ arm: Arm) -> [Double] {
      let accuracies = conditions.map { record.values(arm, $0) }
      return record.seeds.indices.map { seed in
        let best = accuracies[conditions.count - 1][seed]
        let first = accuracies.indices.first { accuracies[$0][seed] >= 0.9 * best }
        return first.map { Double(conditions[$0]) } ?? 0
      }
    }
    let gains = conditions.map { record.gain(.naiveBayes, over: .logistic, $0) }
    let above = zip(conditions, gains).filter { $1.isAbove() == .holds }.map(\.0.name)
    let (own, other) = (reach(.naiveBayes), reach(.logistic))
    let places = above.isEmpty ? "nowhere" : "with \(above.joined(separator: ", ")) examples"
    func text(_ counts: [Double]) -> String {
      Set(counts).sorted().map { String(Int($0)) }.joined(separator: " or ")
    }
    return Verdict(
      parts: [
        .any(gains.map { $0.isAbove() }), PairedGain(zip(other, own).map { $0 - $1 }).isAbove(),
      ],
      "Naive Bayes is clearly above logistic regression \(places): by \(gains[0].text) points with \(conditions[0]), \(gains[1].text) with \(conditions[1]), \(gains[2].text) with \(conditions[2]) and \(gains[gains.count - 1].text) with all; it reaches nine tenths of its best with \(text(own)) examples, logistic regression with \(text(other)). With α = 1 on embeddings of unit length logistic regression is little more than how frequent a class was drawn: every class once is fine, a few of them twice is not."
    )
  }

  /// The embeddings of both sets by an encoder trained without classes.
  private func embeddings(seed: UInt64) throws -> (train: Tensor, test: Tensor) {
    if let known = embeddings[seed] { return known }
    let features = try TextFeatures(learningFrom: train.texts, threads: options.threads)
    let encoder = BagEncoder(
      .init(dimension: 64, isNormalized: true), featureCount: features.vocabulary.count,
      generator: Generator(seed: seed))
    let optimizer = SparseAdam(encoder.parameters.map(\.tensor), .init(learningRate: 0.01))
    let loss = SymmetricInfoNCELoss(temperature: 0.07, smoothing: 0)
    func embed(_ texts: [String]) throws -> Tensor {
      encoder.normalized(try encoder(features.bags(of: texts, threads: options.threads)))
    }
    for epoch in 0..<options.budget(10) {
      var random = SplitMix64(seed, UInt64(epoch))
      let order = train.texts.indices.shuffled(using: &random)
      for start in stride(from: 0, through: order.count - 128, by: 128) {
        let halves = order[start..<(start + 128)].map {
          Self.halves(of: train.texts[$0], using: &random)
        }
        let value = try loss(
          queries: embed(halves.map(\.first)), references: embed(halves.map(\.second)))
        optimizer.clearGradients()
        try value.backward()
        try optimizer.step()
      }
    }
    let result = try withoutGradients {
      (train: try embed(train.texts), test: try embed(test.texts))
    }
    embeddings[seed] = result
    return result
  }

  /// Assigns each word to one of two texts.
  private static func halves(of text: String, using random: inout SplitMix64) -> (
    first: String, second: String
  ) {
    let words = text.split(separator: " ").shuffled(using: &random)
    let half = (words.count + 1) / 2
    return (
      words.prefix(half).joined(separator: " "), words.suffix(half).joined(separator: " ")
    )
  }
}

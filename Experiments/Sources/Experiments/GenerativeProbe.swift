import Datasets
import Evaluation
import Foundation
import Learning
import Torch

/// Naive Bayes against logistic regression on embeddings that were learnt without classes.
final class GenerativeProbe: Experiment {
  static let name = "generative-probe"
  static let claim =
    "On frozen embeddings naive Bayes needs fewer examples than logistic regression to come close to its best."
  static let paper =
    "Zheng, Wu, Bao, Cao, Li, Zhu. Revisiting Discriminative vs. Generative Classifiers: Theory and Implications. ICML 2023. <https://arxiv.org/abs/2302.02334>"
  static let data =
    "BANKING77 (10,003 questions to learn from, 3,080 to test, 77 classes; for choices 7,003 to learn from and 3,000 of the others). A bag encoder of 64 dimensions learns without classes to find the other half of a question's words (symmetric InfoNCE, 10 epochs of batches of 128); examples are drawn with every class at least once."
  static let file = #fileID
  static let sources = [
    "Sources/Evaluation/LinearProbe.swift", "Sources/Evaluation/NaiveBayesProbe.swift",
    "Sources/Learning/Encoders/BagEncoder.swift",
    "Sources/Learning/Losses/SymmetricInfoNCELoss.swift",
  ]
  static let conditionName = "examples"
  static let conditions = ["77", "154", "385", "770", "1540", "3080", "10003"]
  static let arms = ["logistic regression", "logistic regression, α = 1", "naive Bayes"]
  static let measures = ["test accuracy (%)"]
  static let settingName = "penalty or smoothing"
  static let choiceConditions = ["154", "770", "3080"]
  static let choiceSeeds = 1

  static func settings(of arm: String) -> [String] {
    switch arm {
    case arms[0]: ["0.1", "0.01", "0.001"]
    case arms[1]: ["1"]
    default: ["1e-9", "0.1", "1", "10"]
    }
  }

  private let train: (texts: [String], classes: [Int])
  private let test: (texts: [String], classes: [Int])
  private let options: ExperimentOptions
  private var embeddings: [UInt64: (train: Tensor, test: Tensor)] = [:]

  init(_ options: ExperimentOptions) throws {
    self.options = options
    let folder = DataFolder(path: options.data)
    let origin = "BANKING77's train.csv and test.csv, packed with xz"
    let files = try ["train", "test"].map {
      try Self.records(of: folder.unpackedText("banking77/\($0).csv.xz", origin: origin))
    }
    let names = Set(files[0].map(\.name)).sorted()
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    func set(_ records: [(text: String, name: String)]) -> (texts: [String], classes: [Int]) {
      (records.map(\.text), records.map { places[$0.name] ?? names.count })
    }
    guard options.part == .choice else {
      (train, test) = (set(files[0]), set(files[1]))
      return
    }
    // Questions of a class lie one after the other in the file.
    var random = SplitMix64(0)
    let mixed = files[0].shuffled(using: &random)
    (train, test) = (set(Array(mixed.dropLast(3_000))), set(Array(mixed.suffix(3_000))))
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let strength = Double(setting) ?? 1
    let vectors = try embeddings(seed: seed)
    let curve = SampleEfficiencyCurve(sizes: [Int(condition) ?? 0], draws: 1, seed: seed)
    func points(_ probe: some EmbeddingProbe) throws -> [SampleEfficiencyCurve.Point] {
      try curve(
        probe, embeddings: vectors.train, classes: train.classes, testEmbeddings: vectors.test,
        testClasses: test.classes)
    }
    let found =
      arm == Self.arms[2]
      ? try points(NaiveBayesProbe(smoothing: strength))
      : try points(LinearProbe(penalty: strength))
    return [found[0].mean * 100]
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    // The examples with which an arm comes to nine tenths of its own best, seed by seed.
    func reach(_ arm: String) -> [Double] {
      let accuracies = conditions.map { record.values(arm, $0) }
      return record.seeds.indices.map { seed in
        let best = accuracies[conditions.count - 1][seed]
        let first = accuracies.indices.first { accuracies[$0][seed] >= 0.9 * best }
        return first.flatMap { Double(conditions[$0]) } ?? 0
      }
    }
    let gains = conditions.map { record.gain(arms[2], over: arms[0], $0) }
    let above = zip(conditions, gains).filter { $1.isAbove() == .holds }.map(\.0)
    let (own, other) = (reach(arms[2]), reach(arms[0]))
    let places = above.isEmpty ? "nowhere" : "with \(above.joined(separator: ", ")) examples"
    func text(_ counts: [Double]) -> String {
      Set(counts).sorted().map { String(Int($0)) }.joined(separator: " or ")
    }
    return Verdict(
      parts: [
        .any(gains.map { $0.isAbove() }), PairedGain(zip(other, own).map { $0 - $1 }).isAbove(),
      ],
      "Naive Bayes is clearly above logistic regression \(places): by \(gains[0].text) points with \(conditions[0]), \(gains[1].text) with \(conditions[1]), \(gains[2].text) with \(conditions[2]) and \(gains[gains.count - 1].text) with all; it comes to nine tenths of its own best with \(text(own)) examples, logistic regression with \(text(other)). With α = 1 on embeddings of unit length logistic regression is little more than how frequent a class was drawn: every class once is fine, a few of them twice is not."
    )
  }

  /// Embeddings of both sets by an encoder that has seen no class.
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

  /// Each word goes to one of two texts.
  private static func halves(of text: String, using random: inout SplitMix64) -> (
    first: String, second: String
  ) {
    let words = text.split(separator: " ").shuffled(using: &random)
    let half = (words.count + 1) / 2
    return (
      words.prefix(half).joined(separator: " "), words.suffix(half).joined(separator: " ")
    )
  }

  /// The records of a file of comma-separated values with a text and a name, without the head.
  static func records(of csv: String) throws -> [(text: String, name: String)] {
    var records: [[String]] = [[""]]
    var isQuoted = false
    var before: Character?
    for character in csv {
      switch (character, isQuoted) {
      case ("\"", true): isQuoted = false
      case ("\"", false):
        // A doubled quotation mark inside quotation marks is one.
        if before == "\"" {
          records[records.count - 1][records[records.count - 1].count - 1] += "\""
        }
        isQuoted = true
      case (",", false): records[records.count - 1].append("")
      case ("\n", false), ("\r\n", false): records.append([""])
      default:
        records[records.count - 1][records[records.count - 1].count - 1].append(character)
      }
      before = character
    }
    return try records.filter { $0 != [""] }.dropFirst().map { fields in
      guard fields.count == 2 else {
        throw InputError(
          file: "banking77", reason: "a record of \(fields.count) fields", expected: "text,category"
        )
      }
      return (fields[0], fields[1])
    }
  }
}

import Datasets
import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Training

/// No document is scored by a model that has seen it.
@Suite struct CrossValidationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func settings(_ path: String, epochs: Int = 12) -> TrainingConfiguration {
    TrainingConfiguration(
      dataset: path, features: .init(minimumDocumentCount: 1),
      model: .init(encoder: .init(dimension: 16)),
      optimization: .init(batchSize: 32, tableLearningRate: 0.1, learningRate: 0.05),
      loop: TrainingLoop(epochs: epochs), seed: 1, threads: 1)
  }

  /// Texts of one unique word each; "odd" is given to half of them by chance.
  private func unlearnable(copies: Int = 1) throws -> String {
    var random = SplitMix64(6)
    var lines = ""
    for number in 0..<120 {
      let label = random.below(2) == 0 ? "odd" : "even"
      for _ in 0..<copies {
        lines += "{\"text\":\"thing unique\(number)x\",\"labels\":[\"\(label)\"]}\n"
      }
    }
    return try folder.write(lines, to: "data\(copies).jsonl")
  }

  /// How often a pair that is given is likelier than one that is not, of label 0.
  private func ranking(_ scores: OutOfSampleScores, _ given: CSRMatrix) -> Double {
    var (having, lacking) = ([Float](), [Float]())
    for row in 0..<given.rowCount {
      for entry in scores.probabilities.entries(ofRow: row)
      where scores.probabilities.columns[entry] == 0 {
        let value = scores.probabilities.values?[entry] ?? 0
        if given.columns(ofRow: row).contains(0) {
          having.append(value)
        } else {
          lacking.append(value)
        }
      }
    }
    var wins = 0.0
    for a in having { for b in lacking { wins += a > b ? 1 : a == b ? 0.5 : 0 } }
    return wins / Double(having.count * lacking.count)
  }

  @Test func `no model scores a document it trained on`() throws {
    let path = try unlearnable()
    let dataset = try Dataset.read(path)
    let scores = try CrossValidation(
      settings(path), folds: 4, neighbours: 3, decantVersion: "test"
    ).run(on: dataset)
    let unseen = ranking(scores, dataset.train.labels)
    #expect(unseen < 0.7, "what cannot be known is known: \(unseen)")

    // The same training does learn it, where it is allowed to look.
    let run = RunFolder(path: folder.file("run"))
    _ = try Trainer(settings(path), folder: run, decantVersion: "test").run(resuming: false)
    let model = try TrainedModel(folder: run)
    let texts = dataset.train.documentIndices.compactMap { dataset.documents.texts?[Int($0)] }
    let seen = try model.predict(texts, k: 1).enumerated().count { row, prediction in
      prediction.labels.first?.id
        == dataset.labels.ids[Int(dataset.train.labels.columns(ofRow: row)[0])]
    }
    #expect(Double(seen) > 0.95 * Double(texts.count), "\(seen) of \(texts.count)")
  }

  @Test func `copies of a text share a fold, never neighbours`() throws {
    let path = try unlearnable(copies: 2)
    let dataset = try Dataset.read(path)
    let folds = CrossValidation.folds(of: dataset, count: 4)
    let texts = dataset.train.documentIndices.compactMap { dataset.documents.texts?[Int($0)] }
    var foldOf: [String: Int] = [:]
    for (text, fold) in zip(texts, folds) {
      #expect(foldOf[text, default: fold] == fold)
      foldOf[text] = fold
    }
    #expect(Set(folds) == [0, 1, 2, 3])
    let scores = try CrossValidation(
      settings(path, epochs: 6), folds: 4, neighbours: 5, decantVersion: "test"
    ).run(on: dataset)
    #expect(ranking(scores, dataset.train.labels) < 0.7)
    let near = try #require(scores.neighbours)
    for row in 0..<near.rowCount {
      #expect(near.columns(ofRow: row).count == 5)
      #expect(near.columns(ofRow: row).allSatisfy { folds[Int($0)] != folds[row] })
    }
  }

  @Test func `scores every given pair, best first`() throws {
    let path = try SmallDataset(documents: 120).write(to: folder.file("data"))
    let dataset = try Dataset.read(path)
    let scores = try CrossValidation(
      settings(path, epochs: 3), folds: 3, depth: 4, neighbours: 0, decantVersion: "test"
    ).run(on: dataset)
    #expect(scores.neighbours == nil)
    for row in 0..<dataset.train.count {
      let columns = Array(scores.probabilities.columns(ofRow: row))
      #expect(Set(columns).count == columns.count && columns.count >= 4)
      #expect(Set(dataset.train.labels.columns(ofRow: row)).isSubset(of: columns))
      let values = scores.probabilities.entries(ofRow: row).map {
        scores.probabilities.values?[$0] ?? .nan
      }
      #expect(values.allSatisfy { 0...1 ~= $0 })
      #expect(zip(values, values.dropFirst()).prefix(3).allSatisfy { $0 >= $1 })
    }
  }
}

import Datasets
import Evaluation
import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch
import Training

@testable import Models

/// Several runs in one.
@Suite struct MergingTests {
  private let folder: TemporaryFolder
  private let data: String

  /// 120 documents; a label has two words that no other has, a document one or two labels.
  init() throws {
    folder = try TemporaryFolder()
    var random = SplitMix64(1)
    let lines = (0..<150).map { index in
      let labels = Set([random.below(6), random.below(6)]).sorted()
      let words =
        labels.map { "word\($0)x\(random.below(2))" }
        + (0..<3).map { _ in "filler\(random.below(12))" }
      let ids = labels.map { "\"label\($0)\"" }.joined(separator: ",")
      return "{\"text\":\"\(words.joined(separator: " "))\",\"labels\":[\(ids)]}\n"
    }
    data = try folder.write(lines.joined(), to: "data.jsonl")
  }

  private func train(
    _ name: String, seed: UInt64 = 1, _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> TrainedModel {
    let run = RunFolder(path: folder.file(name))
    var settings = TrainingConfiguration(
      dataset: data, model: .init(encoder: .init(dimension: 8)),
      optimization: .init(batchSize: 32, tableLearningRate: 0.1),
      loop: TrainingLoop(epochs: 4), seed: seed, threads: 1)
    settings.precision = .float32
    change(&settings)
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
    return try TrainedModel(folder: run)
  }

  private func merge(_ models: [TrainedModel], dimension: Int? = nil, as name: String = "merged")
    throws -> TrainedModel
  {
    let run = RunFolder(path: folder.file(name))
    _ = try TrainedModel.merge(models, dimension: dimension, to: run, decantVersion: "test")
    return try TrainedModel(folder: run)
  }

  private static let texts = ["word0x0 filler1", "word3x1 word5x0", "filler2 filler3 word1x1"]

  /// The scores of every label for every text, by the names of the labels.
  private func scores(_ model: TrainedModel) throws -> [Double] {
    try model.predict(Self.texts, k: 6).flatMap { prediction in
      prediction.labels.sorted { $0.id < $1.id }.map(\.score)
    }
  }

  @Test func `ranks by the mean of runs with other losses, label texts and temperatures`() throws {
    let models = [
      try train("one"),
      try train("two", seed: 2) { $0.loss = TrainingLoss(BinaryCrossEntropyLoss(temperature: 2)) },
      try train("three", seed: 3) {
        $0.model.labels = .both
        $0.model.encoder.dimension = 5
        $0.model.learnsTemperature = true
      },
    ]
    let merged = try merge(models)
    #expect(merged.dimension == 21)
    expectClose(
      try scores(merged), try scores(models[0].averaged(with: Array(models.dropFirst()))),
      tolerance: 1e-5)
    #expect(merged.record.mergedRuns == ["one", "two", "three"])
    expectClose(
      merged.record.trainSeconds, models.reduce(0) { $0 + $1.record.trainSeconds }, tolerance: 1e-9)
    let (whole, mean) = (
      try merged.evaluate(split: .test),
      try models[0].averaged(with: [models[1], models[2]])
        .evaluate(split: .test)
    )
    #expect(whole.documents == mean.documents)
    #expect(whole.metrics["P@1"] == mean.metrics["P@1"])
    #expect(try merged.labelCounts() == models[0].labelCounts())
  }

  @Test func `weighs runs of unit length by the lengths of their vectors`() throws {
    let models = try [1, 2].map { seed in
      try train("unit\(seed)", seed: UInt64(seed)) {
        $0.model.encoder.isNormalized = true
        $0.loss.temperature = 0.1
      }
    }
    let merged = try merge(models)
    // With n the lengths of a text's vectors: each run's products weigh as much as its vector.
    let own = try models.map { try scores($0) }
    let lengths = try models.map { model in
      try model.scorer.encoder(model.inputs(ofTexts: Self.texts)[0].bags).norm(along: 1).doubles()
    }
    let order = models[0].labelIDs.indices.sorted {
      models[0].labelIDs[$0] < models[0].labelIDs[$1]
    }
    let biases = try models.map { try #require($0.labelBiases).doubles() }
    var expected: [Double] = []
    for text in Self.texts.indices {
      let whole = (lengths.reduce(0) { $0 + $1[text] * $1[text] } * 2).squareRoot()
      for (place, label) in order.enumerated() {
        let products = models.indices.reduce(0.0) { sum, run in
          sum + lengths[run][text] * (own[run][text * 6 + place] - biases[run][label])
        }
        expected.append(
          (whole == 0 ? 0 : products / whole) + (biases[0][label] + biases[1][label]) / 2)
      }
    }
    expectClose(try scores(merged), expected, tolerance: 1e-4)
    // A run with itself has equal lengths.
    let twice = try merge([models[0], models[0]], as: "twice")
    expectClose(try scores(twice), try scores(models[0]), tolerance: 1e-5)
    let smaller = try merge([models[0], models[0]], dimension: 8, as: "smaller")
    expectClose(try scores(smaller), try scores(models[0]), tolerance: 1e-4)
  }

  @Test func `a merged run remembers documents by its own vectors`() throws {
    let plain = try train("plain")
    let keeping = try train("keeping") { $0.memory = .init(neighbours: 4) }
    // The same vectors twice are as near to each other as once.
    let twice = try merge([keeping, keeping], as: "twice")
    #expect(twice.configuration.memory == .init(neighbours: 4))
    expectClose(try scores(twice), try scores(keeping), tolerance: 1e-2)
    let mixed = try merge([plain, keeping], as: "mixed")
    #expect(mixed.configuration.memory == .init(neighbours: 4))
    #expect(try merge([plain, plain], as: "without").configuration.memory == nil)
    #expect(try scores(keeping) != scores(plain))
  }

  @Test func `a smaller dimension is the best approximation to the scores`() throws {
    let models = try [1, 2].map { try train("run\($0)", seed: UInt64($0)) }
    let whole = try merge(models, as: "whole")
    let dataset = try Dataset.read(data)
    func products(_ model: TrainedModel) throws -> Tensor {
      let input = try model.inputs(
        ofRows: dataset.train.documentIndices, in: dataset, at: data)[0]
      return try model.embeddings(of: input).converted(to: .float64)
        .matmul(model.labelEmbeddings.converted(to: .float64).transposed())
    }
    let all = try products(whole)
    func error(_ model: TrainedModel) throws -> Double {
      (try products(model) - all).squared().sum().scalar
    }
    let total = all.squared().sum().scalar
    var last = total
    for dimension in [1, 3, 6] {
      let found = try error(merge(models, dimension: dimension, as: "to\(dimension)"))
      #expect(found < last, "\(dimension)")
      last = found
    }
    // Six labels: six dimensions hold everything.
    #expect(last < 1e-8 * total)
    #expect(try error(merge(models, dimension: 16, as: "to16")) < 1e-8 * total)
    // The smallest possible error: the squares of the singular values that are left out.
    let values = try eigenvalues(of: all.transposed().matmul(all))
    expectClose(
      try error(merge(models, dimension: 3, as: "again")), values.dropLast(3).reduce(0, +),
      tolerance: 1e-4)
  }

  /// In rising order, by Jacobi's rotations.
  private func eigenvalues(of matrix: Tensor) throws -> [Double] {
    let count = matrix.size(along: 0)
    let flat = matrix.contiguous().doubles()
    var a = (0..<count).map { row in Array(flat[row * count..<(row + 1) * count]) }
    for _ in 0..<60 {
      for p in 0..<count {
        for q in p + 1..<count where a[p][q] != 0 {
          let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
          let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<count {
            (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q])
          }
          for k in 0..<count {
            (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k])
          }
        }
      }
    }
    return a.indices.map { a[$0][$0] }.sorted()
  }

  @Test func `refuses runs that one run cannot replace`() throws {
    let plain = try train("plain")
    func refuse(_ words: String, _ change: (inout TrainingConfiguration) -> Void) throws {
      let other = try train("other", change)
      defer { do { try FileManager.default.removeItem(atPath: other.folder.path) } catch {} }
      let error = #expect(throws: InputError.self) { try merge([plain, other]) }
      #expect(error?.file == other.folder.path)
      #expect(error?.description.contains(words) == true, "\(error as Any)")
      #expect(!FileManager.default.fileExists(atPath: folder.file("merged")))
    }
    try refuse("a hidden layer") { $0.model.encoder.hiddenDimensions = [4] }
    try refuse("a wide model") { $0.model.wide = .init(maximumDocumentShare: 0.5) }
    try refuse("its features are not those of") { $0.features.minimumDocumentCount = 5 }
    try refuse("unit length") { $0.model.encoder.isNormalized = true }
    let wrong = #expect(throws: ValueError.self) { try merge([plain, plain], dimension: 17) }
    #expect(wrong?.expected == "from 1 to 16")
    let alone = #expect(throws: ValueError.self) { try merge([plain]) }
    #expect(alone?.reason == "there are 1 runs to merge")
  }

  @Test func `refuses runs of unit length with different temperatures`() throws {
    let models = try [0.1, 0.2].map { temperature in
      try train("at\(temperature)") {
        $0.model.encoder.isNormalized = true
        $0.loss.temperature = temperature
      }
    }
    let error = #expect(throws: InputError.self) { try merge(models) }
    #expect(error?.reason.contains("its temperature is 0.2") == true)
  }
}

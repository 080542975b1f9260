import Datasets
import Evaluation
import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch
import Training

/// Models that use the first dimensions of their embeddings only.
@Suite struct TruncationTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset(documents: 160).write(
      to: folder.file("data"), parts: ["train", "validation", "test"])
  }

  private func train(
    _ name: String, _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> TrainedModel {
    var settings = TrainingConfiguration(dataset: data, threads: 1)
    settings.precision = .float32
    settings.model.encoder.dimension = 8
    settings.optimization.batchSize = 32
    settings.optimization.tableLearningRate = 0.1
    settings.loop = TrainingLoop(epochs: 2)
    change(&settings)
    let run = RunFolder(path: folder.file(name))
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
    return try TrainedModel(folder: run)
  }

  private let texts = SmallDataset().rows.suffix(4).map(\.text)

  /// The scores of all labels, in their order.
  private func scores(_ model: TrainedModel, _ text: String) throws -> [Double] {
    let labels = try model.predict([text], k: 100)[0].labels
    let scores = Dictionary(uniqueKeysWithValues: labels.map { ($0.id, $0.score) })
    return model.labelIDs.map { scores[$0] ?? .nan }
  }

  @Test(arguments: [false, true])
  func `scores with the first numbers, at their own length`(isNormalized: Bool) throws {
    let model = try train("run") {
      $0.model.encoder.isNormalized = isNormalized
      $0.loss.temperature = isNormalized ? 0.1 : 1
      $0.model.labels = .both
      $0.model.encoder.hiddenDimensions = isNormalized ? [12] : []
    }
    let short = try model.truncated(to: 3)
    #expect(short.dimension == 3 && model.dimension == 8)
    func cut(_ vectors: Tensor) -> Tensor {
      let part = vectors.slice(0..<3, along: 1)
      return isNormalized ? part.normalized(along: 1) : part
    }
    let documents = cut(try model.embeddings(of: texts))
    let labels = cut(model.labelEmbeddings)
    expectClose(try short.embeddings(of: texts), documents, tolerance: 1e-5)
    expectClose(short.labelEmbeddings, labels, tolerance: 1e-5)
    let bias = try #require(model.labelBiases)
    let products = documents.matmul(labels.transposed()) * (1 / model.temperature) + bias
    for (row, text) in texts.enumerated() {
      expectClose(try scores(short, text), products[row].doubles(), tolerance: 1e-4)
    }
    // A new label gets a vector of the same length.
    let grown = try short.adding([.init(id: "new", text: "word3x1")])
    #expect(grown.labelEmbeddings.shape == [21, 3])
  }

  @Test func `the memory compares the first numbers`() throws {
    let configuration = DocumentMemoryConfiguration(neighbours: 5, temperature: 0.1, weight: 2)
    let model = try train("run") { $0.memory = configuration }
    let short = try model.truncated(to: 3)
    let plain = try train("plain").truncated(to: 3)
    let dataset = try Dataset.read(data)
    let train = dataset.train.documentIndices.map { dataset.documents.texts?[Int($0)] ?? "" }
    let memory = try DocumentMemory(
      configuration, embeddings: plain.embeddings(of: train), labels: dataset.train.labels)
    let nearest = try memory.neighbours(of: plain.embeddings(of: texts))
    for (row, text) in texts.enumerated() {
      let shares = memory.shares(
        of: (nearest.labels(ofRow: row), nearest.scores(ofRow: row)), temperature: 0.1)
      #expect(!shares.isEmpty)
      let added = zip(try scores(short, text), try scores(plain, text)).map { $0 - $1 }
      let expected = added.indices.map { 2 * log(1 + (shares[Int32($0)] ?? 0) / 0.1) }
      // The run's memory has float16 numbers.
      expectClose(added, expected, tolerance: 1e-2)
    }
  }

  @Test func `cuts every model of an ensemble`() throws {
    let (one, two) = (try train("one"), try train("two") { $0.seed = 1 })
    let both = try one.averaged(with: [two]).truncated(to: 2)
    let (first, second) = (try one.truncated(to: 2), try two.truncated(to: 2))
    for text in texts {
      let mean = zip(try scores(first, text), try scores(second, text)).map { ($0 + $1) / 2 }
      expectClose(try scores(both, text), mean, tolerance: 1e-5)
    }
    let small = try train("small") { $0.model.encoder.dimension = 4 }
    let error = #expect(throws: InputError.self) {
      try one.averaged(with: [small]).truncated(to: 6)
    }
    #expect(error?.file == folder.file("small"))
    #expect(error?.description.contains("the run has 4; expected from 1 to 4") == true)
  }

  @Test(arguments: [0, -1, 9]) func `rejects other dimensions`(dimension: Int) throws {
    let error = #expect(throws: InputError.self) {
      try train("run").truncated(to: dimension)
    }
    #expect(
      error?.description.contains(
        "\(dimension) dimensions are asked for, the run has 8; expected from 1 to 8") == true)
  }

  @Test func `notes a dimension that was not trained for`() throws {
    let nested = try train("nested") { $0.nestedDimensions = [2, 4] }
    #expect(try nested.truncated(to: 4).truncationNotes.isEmpty)
    #expect(try nested.truncated(to: 8).truncationNotes.isEmpty)
    let notes = try nested.truncated(to: 4).truncated(to: 3).truncationNotes
    #expect(
      notes.count == 1 && notes[0].contains("nested was not trained for the first 3 of its 8"))
    #expect(try train("plain").truncated(to: 4).truncationNotes.count == 1)
  }

  @Test func `a calibration is for all dimensions`() throws {
    let model = try train("run") { $0.loop = TrainingLoop(epochs: 2, patience: 1) }
    _ = try model.calibrate()
    #expect(try model.truncated(to: 8).calibration() != nil)
    let short = try model.truncated(to: 4)
    #expect(try short.calibration() == nil)
    let error = #expect(throws: InputError.self) { try short.calibrate() }
    #expect(error?.reason.contains("truncated model") == true)
  }

  @Test func `a merged run is not nested`() throws {
    let models = try [0, 1].map { seed in
      try train("run\(seed)") {
        $0.seed = UInt64(seed)
        $0.nestedDimensions = [4]
      }
    }
    let merged = RunFolder(path: folder.file("merged"))
    _ = try TrainedModel.merge(models, dimension: 3, to: merged, decantVersion: "test")
    #expect(try TrainedModel(folder: merged).configuration.nestedDimensions == nil)
  }
}

import Evaluation
import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Models
@testable import Training

/// Runs with weights of fewer bits.
@Suite struct RunPrecisionTests {
  private let folder: TemporaryFolder
  private let data: String
  private let texts = SmallDataset().rows.suffix(60).map(\.text)

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private func train(
    _ precision: WeightPrecision?, as name: String,
    _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> RunFolder {
    var settings = TrainingConfiguration(dataset: data, threads: 1)
    settings.model.encoder.dimension = 64
    settings.optimization.batchSize = 32
    settings.loop = TrainingLoop(epochs: 8)
    settings.precision = precision
    change(&settings)
    let run = RunFolder(path: folder.file(name))
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
    return run
  }

  private func bytes(_ run: RunFolder) throws -> Int {
    try [run.model, run.labelEmbeddings].reduce(0) { try $0 + contents($1).count }
  }

  private func firstLabels(_ run: RunFolder) throws -> [String?] {
    try TrainedModel(folder: run).predict(texts, k: 1).map { $0.labels.first?.id }
  }

  @Test func `a run is stored in 8 bits if that keeps its rankings`() throws {
    let small = try train(nil, as: "small")
    let whole = try train(.float32, as: "whole")
    let file = try SafetensorsFile(path: small.model)
    #expect(try file.tensor(named: "encoder.table.weight").dtype == .int8)
    #expect(try file.tensor(named: "labels.bias").dtype == .float32)
    let embeddings = try SafetensorsFile(path: small.labelEmbeddings)
    #expect(try embeddings.tensor(named: "embeddings").dtype == .float16)
    let sizes = try [bytes(small), bytes(whole)]
    #expect(sizes[0] * 3 <= sizes[1], "\(sizes)")
    let (model, other) = (try TrainedModel(folder: small), try TrainedModel(folder: whole))
    #expect(model.record.precision == .int8 && other.record.precision == .float32)
    let same = try zip(firstLabels(small), firstLabels(whole)).count { $0 == $1 }
    #expect(same >= texts.count - 1, "\(same) of \(texts.count)")
    let difference = try model.embeddings(of: texts) - other.embeddings(of: texts)
    #expect(difference.magnitude().maximum().scalar < 0.05)
    #expect(difference.magnitude().maximum().scalar > 0)
  }

  @Test func `a chosen precision and a given one store the same bytes`() throws {
    let (chosen, given) = (try train(nil, as: "chosen"), try train(.int8, as: "given"))
    for name in ["model.safetensors", "embeddings.safetensors"] {
      #expect(
        try contents("\(chosen.path)/\(name)") == contents("\(given.path)/\(name)"), "\(name)")
    }
  }

  @Test(arguments: WeightPrecision.allCases)
  func `the setting decides`(precision: WeightPrecision) throws {
    let run = try train(precision, as: "run") {
      $0.model.wide = .init(maximumDocumentShare: 1)
      $0.model.encoder.hiddenDimensions = [24]
    }
    let types: [WeightPrecision: [DType]] = [
      .float32: [.float32, .float32, .float32, .int32],
      .float16: [.float16, .float16, .float16, .int16],
      .int8: [.int8, .float16, .int8, .int16],
    ]
    let file = try SafetensorsFile(path: run.model)
    let names = [
      "encoder.table.weight", "encoder.layers.0.weight", "wide.weights", "wide.columns",
    ]
    let found = try names.map { try file.tensor(named: $0).dtype }
    #expect(found == types[precision], "\(found)")
    let model = try TrainedModel(folder: run)
    #expect(model.record.precision == precision)
    let score = try #require(try model.evaluate().metrics["P@1"])
    #expect(score > 80, "\(score)")
  }

  @Test func `a run without a precision is one of float32`() throws {
    let run = try train(.float32, as: "run")
    let before = try TrainedModel(folder: run).predict(texts, k: 3)
    try unseal(run.path)
    for file in [run.record, run.configuration] {
      let text = String(decoding: try contents(file), as: UTF8.self)
      let older = text.replacing(#/,?\s*"precision"\s*:\s*"float32"/#, with: "")
      #expect(older != text, "\(file)")
      try writeAtomically(older, to: file)
    }
    let model = try TrainedModel(folder: run)
    #expect(model.record.precision == nil && model.configuration.precision == nil)
    #expect(try model.predict(texts, k: 3) == before)
  }

  @Test func `rejects scales that are missing or do not fit`() throws {
    let run = try train(.int8, as: "run")
    try unseal(run.path)
    let sound = try SafetensorsFile(path: run.model).tensors().mapValues { $0.copied() }
    let scales = "encoder.table.weight.scales"
    let count = try #require(sound[scales]).elementCount
    for (damage, words) in [
      (nil, "no tensor \"\(scales)\""),
      (Tensor.zeros([count - 1]), "of shape [\(count - 1)]"),
      (Tensor.zeros([count], dtype: .float64), "float64"),
      (Tensor.full([count], .nan), "infinite numbers or NaN"),
    ] as [(Tensor?, String)] {
      var tensors = sound
      tensors[scales] = damage
      try Safetensors.write(tensors, to: run.model)
      let error = #expect(throws: InputError.self) { try TrainedModel(folder: run) }
      #expect(error?.file == run.model && error?.reason.contains(words) == true, "\(words)")
    }
  }

  /// A trained task, with one number in each row of the table that dwarfs the others and that no
  /// label looks at.
  private func task(scaledBy size: Double) throws -> DualEncoderTask {
    var random = SplitMix64(7)
    // The first feature says the label, the others say nothing.
    let rows = (0..<400).map { _ in
      [random.below(20)] + (0..<3).map { _ in 20 + random.below(40) }
    }
    let plain = CSRMatrix(rows: rows.map { Array(Set($0)).sorted() }, columnCount: 60)
    let bags = CSRMatrix(
      rowOffsets: plain.rowOffsets, columns: plain.columns,
      values: MappedArray([Float](repeating: 1, count: plain.entryCount)), columnCount: 60)
    let labels = CSRMatrix(rows: rows.map { [$0[0]] }, columnCount: 20)
    var settings = TrainingConfiguration(
      dataset: "", model: .init(encoder: .init(dimension: 8)),
      optimization: .init(batchSize: 50), seed: 5, threads: 1)
    settings.optimization.featureDropout = 0
    let task = try DualEncoderTask(
      settings, examples: .init(bags: bags, labels: labels), labelTexts: nil, validation: nil)
    for step in 0..<160 {
      _ = try task.step(at: .init(epoch: step / 8, step: step % 8), totalSteps: 160)
    }
    for (name, tensor) in task.dualEncoder.parameters where tensor.dimensionCount == 2 {
      tensor.withUnsafeMutableElements(of: Float.self) { numbers in
        for row in stride(from: 0, to: numbers.count, by: 8) {
          numbers[row] = name == "labels.vectors" ? 0 : Float(size)
        }
      }
    }
    return task
  }

  @Test(arguments: [(0.1, WeightPrecision.int8), (30, .float16), (100_000, .float32)])
  func `rankings decide how short the numbers are`(size: Double, precision: WeightPrecision) throws
  {
    let task = try task(scaledBy: size)
    let tensors = task.model.mapValues { $0.copied() }
    let found = try task.shortestPrecision(of: tensors, labels: task.labelEmbeddings())
    #expect(found == precision)
  }

  @Test func `rankings agree if the top labels and P@1 stay`() throws {
    let rows = (0..<1000).map { [$0 % 10, ($0 + 1) % 10] }
    let truth = CSRMatrix(rows: rows.map { [$0[0]] }, columnCount: 10)
    func ranking(changing count: Int, _ change: ([Int]) -> [Int]) throws -> TopK {
      var result = TopK(k: 2)
      for (index, row) in rows.enumerated() {
        let labels = index < count ? change(row) : row
        try result.append(labels: labels.map(Int32.init), scores: [2, 1])
      }
      return result
    }
    let before = try ranking(changing: 0) { $0 }
    func agreement(_ count: Int, _ change: ([Int]) -> [Int]) throws -> Bool {
      RankingAgreement(before, try ranking(changing: count, change), truth: truth).isEnough
    }
    #expect(try agreement(0) { $0 })
    // One document in a thousand may change.
    #expect(try agreement(1) { [$0[1], $0[0]] } && !agreement(2) { [$0[1], $0[0]] })
    // Labels below the first that are not the right ones.
    #expect(try agreement(9) { [$0[0], ($0[1] + 4) % 10] })
    #expect(try !agreement(11) { [$0[0], ($0[1] + 4) % 10] })
  }
}

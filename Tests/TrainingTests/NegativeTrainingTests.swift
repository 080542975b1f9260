import Datasets
import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Models
@testable import Training

/// Trainings on a small random data set that a model can learn.
private struct NegativeTraining {
  static let labelCount = 24
  var negatives: NegativeConfiguration?
  var labels = DualEncoder.LabelSource.free
  var epochs = 4

  func task() throws -> DualEncoderTask {
    var random = SplitMix64(3)
    let labels = (0..<90).map { row in
      Array((0..<Self.labelCount).shuffled(using: &random).prefix(row % 4))
    }
    // Each label has three separate features; a document has two of each of its labels.
    let bags = labels.map { own in
      own.flatMap { label in (0..<3).shuffled(using: &random).prefix(2).map { 3 * label + $0 } }
        + [3 * Self.labelCount + random.below(8)]
    }
    func bagged(_ rows: [[Int]]) -> CSRMatrix {
      let plain = CSRMatrix(rows: rows, columnCount: 3 * Self.labelCount + 8)
      return CSRMatrix(
        rowOffsets: plain.rowOffsets, columns: plain.columns,
        values: MappedArray([Float](repeating: 1, count: plain.entryCount)),
        columnCount: plain.columnCount)
    }
    var configuration = TrainingConfiguration(
      dataset: "", model: .init(encoder: .init(dimension: 8), labels: self.labels),
      negatives: negatives, optimization: .init(batchSize: 16), seed: 5, threads: 1)
    configuration.loop = TrainingLoop(epochs: epochs, checkpointInterval: 0)
    let examples = DualEncoderTask.Examples(
      bags: bagged(bags), labels: CSRMatrix(rows: labels, columnCount: Self.labelCount))
    return try DualEncoderTask(
      configuration, examples: examples,
      labelTexts: self.labels == .free
        ? nil : bagged((0..<Self.labelCount).map { [3 * $0, 3 * $0 + 1] }),
      validation: examples)
  }

  func run(in folder: String, stoppingAt stop: Int? = nil, resuming: Bool = false) throws
    -> [EpochRecord]
  {
    let folder = RunFolder(path: folder)
    try folder.create()
    let task = try task()
    var asked = 0
    return try TrainingLoop(epochs: epochs, checkpointInterval: 1000).run(
      task, in: folder, resuming: resuming
    ) {
      defer { asked += 1 }
      return asked == stop
    }.history
  }
}

@Suite struct NegativeTrainingTests {
  /// Every way of choosing negatives and batches.
  static let kinds: [NegativeConfiguration] = [
    .init(labels: .pool),
    .init(labels: .pool, pool: .init(hardNegatives: 3, uniformNegatives: 4)),
    .init(labels: .pool, pool: .init(hardNegatives: 3), isLazy: true),
    .init(
      labels: .pool, pool: .init(hardNegatives: 2, positiveLimit: 1), shortlist: 6,
      filter: .init(margin: 0), search: .clusters, probes: 2, refreshEvery: 2),
    .init(labels: .pool, pool: .init(hardNegatives: 2), firstSearch: 0, refreshSteps: 4),
    .init(batches: .clustered, clusterSize: 2),
    .init(batches: .similar, neighbours: 4),
    .init(
      labels: .pool, pool: .init(hardNegatives: 2), search: .clusters, probes: 3,
      firstSearch: 0, refreshEvery: 3, batches: .similar, neighbours: 4),
    .init(
      labels: .pool, pool: .init(hardNegatives: 2), refreshEvery: 2, batches: .clustered,
      clusterSize: 4),
  ]

  @Test(arguments: kinds.indices, [0, 3, 6, 9, 13, 19])
  func `an interrupted run resumes byte for byte`(kind: Int, stop: Int) throws {
    let folder = try TemporaryFolder()
    let training = NegativeTraining(negatives: Self.kinds[kind])
    let whole = try training.run(in: folder.file("a"))
    #expect(throws: TrainingError.self) {
      try training.run(in: folder.file("b"), stoppingAt: stop)
    }
    #expect(try training.run(in: folder.file("b"), resuming: true) == whole)
    let models = try ["a", "b"].map {
      try Data(contentsOf: URL(filePath: folder.file("\($0)/model.safetensors")))
    }
    #expect(models[0] == models[1])
  }

  @Test(arguments: kinds.indices, [DualEncoder.LabelSource.free, .both])
  func `learns with every kind of negatives`(kind: Int, source: DualEncoder.LabelSource) throws {
    let folder = try TemporaryFolder()
    let training = NegativeTraining(
      negatives: Self.kinds[kind], labels: source, epochs: 6)
    let history = try training.run(in: folder.file("run"))
    // Losses of different pools cannot be compared; rankings can. Chance has 6.
    let hits = history.compactMap { $0.validation?["P@1"] }
    #expect(hits.count == 6 && hits[5] > 30 && hits[5] > hits[0], "\(hits)")
  }

  @Test func `an epoch visits every document once`() throws {
    for kind in Self.kinds {
      let task = try NegativeTraining(negatives: kind).task()
      for step in 0..<task.stepsPerEpoch {
        _ = try task.step(at: .init(epoch: 1, step: step), totalSteps: 24)
      }
      let sampler = try #require(task.negatives)
      #expect(sampler.order(ofEpoch: 1).sorted() == Array(0..<90))
    }
  }

  @Test func `reports mined negatives`() throws {
    let task = try NegativeTraining(negatives: Self.kinds[3]).task()
    var said: [String] = []
    task.negatives?.report = { said.append($0) }
    for epoch in 0..<4 {
      for step in 0..<task.stepsPerEpoch {
        _ = try task.step(at: .init(epoch: epoch, step: step), totalSteps: 24)
      }
    }
    // Searches before epochs 1 and 3.
    #expect(said.count == 2)
    #expect(said[0].contains("hard negatives: ") && said[0].contains("recall of the search"))
    #expect(said[0].contains("left out as false negatives") && !said[0].contains("new since"))
    #expect(said[1].contains("new since the last search") && said[1].contains("labels per step"))
  }

  @Test func `the report counts match values by hand`() {
    let found = HardNegativeSearch.Result(
      negatives: CSRMatrix(
        rowOffsets: MappedArray([0, 2, 4, 5]), columns: MappedArray([0, 1, 0, 3, 2]),
        values: MappedArray([3, 1, -1, -2, 9]), columnCount: 5),
      removed: 3, scored: 15)
    let before = CSRMatrix(rows: [[1, 0], [2], []], columnCount: 5)
    let positives = CSRMatrix(rows: [[2], [1], []], columnCount: 5)
    let text = NegativeReport(
      found, previous: before, positives: positives, highestPositives: [2, 0, -.infinity],
      recall: 0.5, cpuSeconds: 0, pools: PoolStatistics()
    ).text
    #expect(text.contains("1.7 per document, 4 labels (80.0 % of all, 50.0 % of them positive"))
    // Gaps 1, −1 and −1, −2; the third document has no positive.
    #expect(text.contains("-2.00 / -1.00 / -1.00"))
    #expect(text.contains("none for 50.0 % of the documents, some for 50.0 %, all for 0.0 %"))
    #expect(text.contains("left out as false negatives: 3 (20.0 %); recall of the search: 50.0 %"))
    #expect(text.contains("new since the last search: 60.0 %"))
  }

  @Test func `rejects a damaged shortlist`() throws {
    let task = try NegativeTraining(negatives: Self.kinds[1]).task()
    var state = task.optimizerState
    state["negatives.shortlist.offsets"] = Tensor([0, 1])
    state["negatives.shortlist.columns"] = Tensor([Int32(99)])
    let damaged = state
    #expect(throws: ValueError.self) {
      try task.restore(model: task.model, optimizerState: damaged)
    }
  }

  @Test func `older configurations decode without negatives`() throws {
    let old = TrainingConfiguration(dataset: "x")
    let text = String(decoding: try JSONEncoder().encode(old), as: UTF8.self)
    #expect(!text.contains("negatives"))
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: Data(text.utf8)) == old)
    var new = old
    new.negatives = Self.kinds[3]
    let record = try JSONEncoder().encode(new)
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: record) == new)
  }
}

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

/// Scores with the labels of the nearest training documents.
@Suite struct DocumentMemoryTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private struct Case: Decodable {
    var embeddings, queries: GoldenTensor
    var labels: [[Int]]
    var neighbours: Int
    var temperature, weight: Double
    var additions: [[Double]]
  }

  /// A scorer whose documents are embedded as their only feature's row of `queries`.
  private func scorer(_ queries: Tensor, labels: Int, memory: DocumentMemory?) throws -> Scorer {
    let (count, width) = (queries.size(along: 0), queries.size(along: 1))
    let encoder = BagEncoder(
      .init(dimension: width), featureCount: count, generator: Generator(seed: 1))
    try encoder.restore(["table.weight": queries])
    return Scorer(
      encoder: encoder, tower: nil,
      labels: Tensor((0..<labels * width).map { Float($0 % 7) / 7 }, shape: [labels, width]),
      bias: nil, wide: nil, temperature: 1, labelEncoder: nil, memory: memory)
  }

  @Test func `agrees with NumPy`() throws {
    let cases = try Golden<Case>("DocumentMemory").cases
    #expect(cases.count == 3)
    for example in cases {
      let queries = example.queries.tensor.converted(to: .float32)
      let memory = try DocumentMemory(
        .init(
          neighbours: example.neighbours, temperature: example.temperature, weight: example.weight),
        embeddings: example.embeddings.tensor.converted(to: .float32),
        labels: CSRMatrix(rows: example.labels, columnCount: 5))
      #expect(memory.labels.rowCount == example.labels.count { !$0.isEmpty })
      let bags = CSRMatrix(rows: (0..<4).map { [$0] }, columnCount: 4)
      // More labels than the memory knows, as after adding new ones.
      let plain = try scorer(queries, labels: 6, memory: nil).scores(of: bags)
      let scores = try scorer(queries, labels: 6, memory: memory).scores(of: bags)
      let expected = example.additions.flatMap { $0 + [Double](repeating: 0, count: 6 - $0.count) }
      expectClose((scores - plain).doubles(), expected, tolerance: 1e-4)
    }
  }

  @Test func `a text that is near to nothing keeps its scores`() throws {
    let memory = try DocumentMemory(
      .init(neighbours: 2), embeddings: Tensor([Float(1), 0, 0, 1], shape: [2, 2]),
      labels: CSRMatrix(rows: [[0], [1]], columnCount: 2))
    let queries = Tensor([Float(0), 0, -1, 0, 1, 1], shape: [3, 2])
    let nearest = try memory.neighbours(of: queries)
    #expect((0..<3).map { nearest.labels(ofRow: $0).count } == [0, 0, 2])
    let bags = CSRMatrix(rows: [[0], [1], [2]], columnCount: 3)
    let plain = try scorer(queries, labels: 2, memory: nil).scores(of: bags)
    let scores = try scorer(queries, labels: 2, memory: memory).scores(of: bags)
    let added = (scores - plain).doubles()
    #expect(added[0..<4].allSatisfy { $0 == 0 })
    expectClose(Array(added[4...]), [log(6), log(6)], tolerance: 1e-5)
  }

  private func train(
    _ name: String, memory: DocumentMemoryConfiguration?, patience: Int? = nil
  ) throws -> RunFolder {
    let data = folder.file("data")
    if !FileManager.default.fileExists(atPath: data) {
      try SmallDataset(documents: 160).write(to: data, parts: ["train", "validation", "test"])
    }
    var settings = TrainingConfiguration(dataset: data, memory: memory, threads: 1)
    settings.precision = .float32
    settings.model.encoder.dimension = 8
    settings.optimization.batchSize = 32
    settings.optimization.tableLearningRate = 0.1
    settings.loop = TrainingLoop(epochs: 2, patience: patience)
    let run = RunFolder(path: folder.file(name))
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
    return run
  }

  @Test func `a run adds its training documents' labels to its scores`() throws {
    let configuration = DocumentMemoryConfiguration(neighbours: 5, temperature: 0.1, weight: 2)
    let plain = try TrainedModel(folder: train("plain", memory: nil))
    let run = try train("run", memory: configuration)
    let model = try TrainedModel(folder: run)
    let data = try Dataset.read(folder.file("data"))
    let train = data.train.documentIndices.map { data.documents.texts?[Int($0)] ?? "" }
    let memory = try DocumentMemory(
      configuration, embeddings: plain.embeddings(of: train), labels: data.train.labels)
    let texts = Array(train.prefix(3)) + ["word3x1 filler2", "nothing known"]
    let nearest = try memory.neighbours(of: plain.embeddings(of: texts))
    for (row, (with, without)) in zip(
      try model.predict(texts, k: 20), try plain.predict(texts, k: 20)
    ).enumerated() {
      let shares = memory.shares(
        of: (nearest.labels(ofRow: row), nearest.scores(ofRow: row)), temperature: 0.1)
      #expect(shares.isEmpty == (row == 4))
      let before = Dictionary(uniqueKeysWithValues: without.labels.map { ($0.id, $0.score) })
      for label in with.labels {
        let index = try #require(model.labelIDs.firstIndex(of: label.id))
        let expected = 2 * log(1 + (shares[Int32(index)] ?? 0) / 0.1)
        expectClose(label.score - (before[label.id] ?? .nan), expected, tolerance: 1e-4)
      }
    }
    // One text at a time gives the same ranking as all together.
    let alone = try texts.map { try model.predict([$0], k: 3)[0].labels.map(\.id) }
    #expect(try model.predict(texts, k: 3).map { $0.labels.map(\.id) } == alone)
    // Each member of an ensemble adds its memory to its scores.
    func scores(_ model: TrainedModel) throws -> [String: Double] {
      let labels = try model.predict([texts[3]], k: 20)[0].labels
      return Dictionary(uniqueKeysWithValues: labels.map { ($0.id, $0.score) })
    }
    let (with, without) = (try scores(model), try scores(plain))
    for (id, score) in try scores(model.averaged(with: [plain])) {
      expectClose(score, (try #require(with[id]) + #require(without[id])) / 2, tolerance: 1e-5)
    }
    let grown = try model.adding([.init(id: "new", text: "word3x1")])
    #expect(try grown.predict(texts, k: 21)[0].labels.count == 21)
  }

  @Test func `both saved epochs have a memory, and a resumed run is complete`() throws {
    let run = try train("run", memory: .init(), patience: 1)
    for epoch in KeptEpoch.allCases {
      #expect(try !TrainedModel(folder: run, epoch: epoch).predict(["word1x1"], k: 1).isEmpty)
    }
    #expect(try TrainedModel(folder: run).evaluate(split: .validation).documents > 0)
    _ = try TrainedModel(folder: run).calibrate()
    #expect(try TrainedModel(folder: run).calibration() != nil)
  }

  @Test(arguments: ["memory.index", "memory.csr"])
  func `rejects a damaged or missing memory and names the file`(name: String) throws {
    let run = try train("run", memory: .init())
    let path = "\(run.path)/\(name)"
    let whole = try contents(path)
    for place in [0, 13, whole.count / 2, whole.count - 4] {
      var damaged = whole
      damaged[place] ^= 1
      try damaged.write(to: URL(filePath: path))
      let error = #expect(throws: InputError.self) { try TrainedModel(folder: run) }
      #expect(error?.file == path)
    }
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: FileError.self) { try TrainedModel(folder: run) }
  }

  @Test func `rejects a memory of other documents or dimensions`() throws {
    let run = try train("run", memory: .init())
    try unseal(run.path)
    let small = try DocumentMemory(
      .init(), embeddings: Tensor([Float(1), 2], shape: [1, 2]),
      labels: CSRMatrix(rows: [[0]], columnCount: 20))
    try small.write(to: run, for: .best)
    let wrongDimension = #expect(throws: InputError.self) { try TrainedModel(folder: run) }
    #expect(wrongDimension?.reason == "vectors of 2 numbers, compared by cosine")
    let few = try DocumentMemory(
      .init(), embeddings: Tensor([Float](repeating: 1, count: 8), shape: [1, 8]),
      labels: CSRMatrix(rows: [[0]], columnCount: 3))
    try few.write(to: run, for: .best)
    let wrongLabels = #expect(throws: InputError.self) { try TrainedModel(folder: run) }
    #expect(wrongLabels?.file == "\(run.path)/memory.csr")
  }
}

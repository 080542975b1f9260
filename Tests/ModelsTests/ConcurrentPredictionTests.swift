import Datasets
import Extreme
import Models
import Retrieval
import TestSupport
import Testing
import Torch
import Training

/// One model, used from several tasks at the same time.
@Suite struct ConcurrentPredictionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let words = ["red", "green", "blue", "round", "square", "small"]

  /// A model with every part that a prediction can go through.
  private func model() throws -> TrainedModel {
    let texts = (0..<60).map { number in
      "\(Self.words[number % 3]) \(Self.words[3 + number % 2]) \(Self.words[number / 6 % 6])"
    }
    let labels = texts.map { $0.split(separator: " ").map(String.init) }.map {
      Array(Set($0)).sorted()
    }
    let checkpoint = try TinyCheckpoint.write(to: folder.file("checkpoint"), words: Self.words)
    var settings = TrainingConfiguration(
      transformer: .init(checkpoint: checkpoint, isBesideBags: true, maximumLength: 8),
      memory: .init(neighbours: 3), loop: TrainingLoop(epochs: 2), threads: 1)
    settings.model.encoder.dimension = 16
    settings.model.wide = .init(maximumDocumentShare: 1)
    let run = RunFolder(path: folder.file("run"))
    try Trainer(
      Dataset(texts: texts, labels: labels), folder: run, configuration: settings
    ).run()
    return try TrainedModel(folder: run)
  }

  @Test func `several tasks get the answers that one gets`() async throws {
    let model = try model()
    let texts = (0..<24).map { "\(Self.words[$0 % 6]) \(Self.words[$0 / 4])" }
    var store = VectorStore(dimension: model.dimension)
    try store.add(model.labelEmbeddings, ids: model.labelIDs)
    let exact = ExactSearch(store)
    // The search library is an option of the set-up.
    let graph: ApproximateIndex?
    do { graph = try ApproximateIndex(store) } catch {
      try #require("\(error)".contains("is not set up"), "\(error)")
      graph = nil
    }
    let vectors = try model.embeddings(of: texts)
    let expected = (
      predictions: try model.predict(texts, k: 4), vectors: vectors.doubles(),
      rows: try exact(vectors, k: 4), near: try graph?.search(vectors, k: 4)
    )
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for _ in 0..<20 {
            switch task % 4 {
            case 0:
              let current = try model.predict(texts, k: 4)
              #expect(current == expected.predictions)
            case 1:
              let current = try model.embeddings(of: texts).doubles()
              #expect(current == expected.vectors)
            case 2:
              let current = try exact(model.embeddings(of: texts), k: 4, threads: 2)
              #expect(current == expected.rows)
            default:
              let current = try graph?.search(model.embeddings(of: texts), k: 4, threads: 2)
              #expect(current == expected.near)
            }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func `a model may be a global constant of an actor or a server`() async throws {
    let model = try model()
    let answers = Answers(model: model)
    async let first = answers.best(of: "red round")
    async let second = Task.detached { try model.predict(["red round"], k: 1)[0].labels[0].id }
      .value
    #expect(try await first == second)
  }

  private actor Answers {
    let model: TrainedModel
    init(model: TrainedModel) { self.model = model }
    func best(of text: String) throws -> String { try model.predict([text], k: 1)[0].labels[0].id }
  }
}

import Extreme
import Models
import Serving
import TestSupport
import Torch
import Training

/// A model of a `SmallDataset`, trained in a moment.
struct SmallModel: Sendable {
  let folder: TemporaryFolder
  let data: String
  let run: RunFolder

  init(labels: DualEncoder.LabelSource = .both, dimension: Int = 16, patience: Int? = nil) throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    run = RunFolder(path: folder.file("run"))
    let settings = TrainingConfiguration(
      dataset: data, model: .init(encoder: .init(dimension: dimension), labels: labels),
      optimization: .init(batchSize: 32, tableLearningRate: 0.1, learningRate: 0.05),
      loop: TrainingLoop(epochs: 5, patience: patience), seed: 1, threads: 1)
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
  }

  /// The run under the name `run`, by default with a store next to it.
  func toServe(store: String? = nil, documents: Bool = false, name: String = "run") -> ServiceRun {
    ServiceRun(
      name: name, source: ModelSource(run: run, documents: documents ? data : nil),
      store: store ?? folder.file("service.sqlite"))
  }

  func open() throws -> TrainedModel { try TrainedModel(folder: run) }
}

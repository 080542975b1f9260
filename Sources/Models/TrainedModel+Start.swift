package import Datasets
import Extreme
import Storage
package import Torch

/// The parts of a finished run that a training continues.
package struct StartingPoint {
  /// The run's folder.
  package let path: String
  /// Its settings.
  package let configuration: TrainingConfiguration
  /// Its labels, in the order of its rows.
  package let labelIDs: [String]
  /// Its features.
  package let features: TextFeatures
  /// Its weights by name, as float32.
  package let weights: [String: Tensor]

  /// Opens a run to continue.
  ///
  /// - Throws: `InputError` if it is unfinished or damaged, or if it has a wide model or a transformer,
  ///   which cannot be continued; `FileError`.
  package init(run path: String) throws {
    let model = try TrainedModel(folder: RunFolder(path: path))
    guard model.configuration.transformer == nil, model.configuration.model.wide == nil,
      let features = model.features.fitted
    else {
      throw InputError(
        file: path, reason: "a run with a linear model or a transformer cannot be continued",
        expected: "a run of bags without --wide")
    }
    self.path = path
    configuration = model.configuration
    labelIDs = Array(model.labelIDs.prefix(model.record.labels))
    self.features = features
    let file = try WeightsFile(file: model.files.open(model.folder.model))
    weights = try Dictionary(file.names.map { ($0, try file.tensor(named: $0)) }) { $1 }
  }
}

import Extreme
import Storage
import Torch

extension TrainedModel {
  /// The model of the first `dimension` numbers of the embeddings.
  ///
  /// Embeddings of texts, documents and labels are cut, and scaled to unit length again if the model
  /// normalises them. Biases and the wide part stay; the memory compares the cut embeddings. Of an
  /// ensemble, every model is cut. A calibration does not apply to the result.
  ///
  /// Training with `TrainingConfiguration.nestedDimensions` makes the first dimensions good embeddings.
  ///
  /// - Throws: `InputError` if a run has fewer dimensions, or if `dimension` is below 1.
  public func truncated(to dimension: Int) throws -> TrainedModel {
    guard 1...self.dimension ~= dimension else {
      throw InputError(
        file: folder.path,
        reason: "\(dimension) dimensions are asked for, the run has \(self.dimension)",
        expected: "from 1 to \(self.dimension)")
    }
    var result = self
    result.others = try others.map { try $0.truncated(to: dimension) }
    guard dimension < self.dimension else { return result }
    result.scorer = try Runtime.withThreads(threads) {
      try checked { try withoutGradients { try scorer.truncated(to: dimension) } }
    }
    result.configuration.model.encoder.dimension = dimension
    result.wholeDimension = wholeDimension ?? self.dimension
    return result
  }

  /// Remarks for the reader about runs that were not trained for the dimension that they are cut to.
  public var truncationNotes: [String] {
    ([self] + others).compactMap { model in
      let dimension = model.dimension
      guard let whole = model.wholeDimension,
        !(model.configuration.nestedDimensions ?? []).contains(dimension)
      else { return nil }
      return "\(model.folder.path) was not trained for the first \(dimension) of its \(whole) "
        + "dimensions alone (decant train --nested \(dimension)): expect worse rankings"
    }
  }
}

package import Datasets

extension Dataset {
  /// The same without the validation part: `train` has the other rows.
  ///
  /// - Parameter carving: whether a tenth of `train` is left out if the validation part is missing, as
  ///   early stopping does.
  package func withoutValidation(carving: Bool) -> Dataset {
    var result = validation == nil && carving ? carvingValidation() : self
    result.train = train.selecting(rows: result.trainRowsOutsideValidation)
    result.validation = nil
    return result
  }
}

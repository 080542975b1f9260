package import Kernels

extension DualEncoder {
  /// The part of this model that one of several processes keeps: the vectors and biases of a range of
  /// labels and a stripe of the features' rows; the rest on every rank.
  ///
  /// All ranks call its functions together and with the same documents. Documents' embeddings are those
  /// of the whole model; label embeddings are those of the rank's labels.
  ///
  /// - Precondition: the ranks have equal models.
  package func part(_ shard: LabelShard) -> DualEncoder {
    DualEncoder(part: shard, FeatureStripe(group: shard.group), of: self)
  }

  /// How the rows of a parameter are divided among processes.
  ///
  /// - Parameter name: the name in `parameters`.
  package static func division(ofParameter name: String) -> RowDivision {
    switch name {
    case "encoder.table.weight", "labels.encoder.table.weight": .striped
    case "labels.vectors", "labels.bias": .ranges
    default: .none
    }
  }
}

extension Layer {
  /// Overwrites the parameters and buffers with tensors of the same names, such as a file's.
  ///
  /// - Throws: `ValueError` when names, shapes or dtypes differ from this layer's; nothing is
  ///   changed then.
  public func restore(_ tensors: [String: Tensor]) throws {
    try restoreInPlace(
      Dictionary(state.map { ($0.name, $0.tensor) }) { $1 }, from: tensors, of: "parameters")
  }
}

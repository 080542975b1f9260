import Torch

extension Sequence<(name: String, tensor: Tensor)> {
  /// The name of the first tensor that has an infinite element or NaN.
  ///
  /// - Throws: `TorchError`.
  func firstNotFinite() throws -> String? {
    try checked { first { !$0.tensor.isAllFinite }?.name }
  }

  /// Refuses weights that nothing can be computed with.
  ///
  /// - Parameter file: where they come from.
  /// - Throws: `InputError` with the name of the tensor, `TorchError`.
  func refuseUnlessFinite(in file: String) throws {
    guard let name = try firstNotFinite() else { return }
    throw InputError(
      file: file, reason: "\"\(name)\" has numbers that are infinite or NaN",
      expected: "finite weights; the training that made them has diverged")
  }
}

extension SafetensorsFile {
  /// Refuses a file of weights that nothing can be computed with.
  ///
  /// - Throws: `InputError` with the name of the tensor, `TorchError`.
  func refuseUnlessFinite() throws {
    try tensors().sorted { $0.key < $1.key }.lazy.map { (name: $0.key, tensor: $0.value) }
      .refuseUnlessFinite(in: path)
  }
}

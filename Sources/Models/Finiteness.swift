import Storage
import Torch

extension Sequence<(name: String, tensor: Tensor)> {
  /// The name of the first tensor with an infinite or NaN element.
  ///
  /// - Throws: `TorchError`.
  package func firstNotFinite() throws -> String? {
    try checked { first { !$0.tensor.isAllFinite }?.name }
  }

  /// Throws if a weight is infinite or NaN.
  ///
  /// - Parameter file: the origin of the weights.
  /// - Throws: `InputError` naming the tensor, `TorchError`.
  func refuseUnlessFinite(in file: String) throws {
    guard let name = try firstNotFinite() else { return }
    throw InputError(
      file: file, reason: "\"\(name)\" contains infinite numbers or NaN",
      expected: "finite weights; the training run that produced them diverged")
  }
}

extension SafetensorsFile {
  /// Throws if a weight in the file is infinite or NaN.
  ///
  /// - Throws: `InputError` naming the tensor, `TorchError`.
  func refuseUnlessFinite() throws {
    try tensors().sorted { $0.key < $1.key }.lazy.map { (name: $0.key, tensor: $0.value) }
      .refuseUnlessFinite(in: path)
  }
}

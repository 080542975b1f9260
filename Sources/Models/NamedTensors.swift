package import Torch

extension [String: Tensor] {
  /// The tensors whose names start with `prefix`, without it.
  package func part(_ prefix: String) -> [String: Tensor] {
    Dictionary(
      filter { $0.key.hasPrefix(prefix) }
        .map { (String($0.key.dropFirst(prefix.count)), $0.value) }
    ) { $1 }
  }
}

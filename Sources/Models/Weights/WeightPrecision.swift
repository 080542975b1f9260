/// The precision in which a run stores its weights.
///
/// Training and prediction compute in float32 whatever is stored.
public enum WeightPrecision: String, Codable, Hashable, Sendable, CaseIterable {
  /// 32-bit numbers, as training left them.
  case float32
  /// 16-bit numbers for matrices and linear weights; a relative error of at most 2⁻¹¹.
  case float16
  /// 8-bit integers with a scale per row for embedding tables and linear weights, 16-bit numbers
  /// for other matrices; see `StoredTensor`.
  case int8
}

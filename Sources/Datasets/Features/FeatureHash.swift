import Storage

/// The 64-bit hash that identifies a feature.
///
/// Features are identified only by hash, so a vocabulary stores no strings. The definition never
/// changes, because saved vocabularies depend on it. With H the XXH64 of a run of UTF-8 bytes and n
/// that of the family's name ("title/characters"):
///
///     feature of bytes b          = H(b) ⊕ n
///     feature of words w₁ … wₘ    = fold(s, H(w₁), …, H(wₘ)) ⊕ n
///     fold(a, h, …)               = fold(a · 0x9E3779B97F4A7C15 + h, …),  fold(a) = a
///
/// where s identifies the kind of sequence. 0, which marks an empty slot in tables, becomes 1.
/// Among a million features the probability that any two share a hash is 1 in 37 million.
enum FeatureHash {
  /// The initial value of a fold.
  enum Sequence: UInt64 {
    case pair = 0
    case leading = 1
    case trailing = 2
  }

  private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// The number that distinguishes a family's features from those of other families.
  static func namespace(of family: TextFeatures.Family) -> UInt64 {
    XXHash64.hash("\(family.scope.rawValue)/\(family.unit.rawValue)")
  }

  /// The namespace of features that the data set names itself.
  static let named = XXHash64.hash("named")

  static func feature(_ hash: UInt64, in namespace: UInt64) -> UInt64 {
    max(hash ^ namespace, 1)
  }

  static func fold(_ sum: UInt64, _ hash: UInt64) -> UInt64 { sum &* multiplier &+ hash }
}

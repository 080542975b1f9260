/// Random bits on the Swift side: shuffling, feature dropout, splits.
///
/// The numbers are the same on every machine. Integers identify a sequence (a seed, an epoch, a
/// step…), so that a resumed run draws the same numbers without any saved state.
///
/// - Source: Steele, Lea, Flood. Fast splittable pseudorandom number generators. OOPSLA 2014.
///   <https://doi.org/10.1145/2714064.2660195>
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the sequence identified by `names`, whose order matters.
  public init(_ names: UInt64...) {
    state = 0
    for name in names {
      state ^= name
      state = next()
    }
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

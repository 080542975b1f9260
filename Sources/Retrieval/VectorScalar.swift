import CSearch

/// The number type that vectors are stored in.
///
/// With x a number of a vector and x′ its stored value:
///
///     float32   x′ = x
///     float16   |x′ − x| ≤ |x| / 2¹¹, or 2⁻²⁵ if x is below 2⁻¹⁴; x is at most 65,504
///     int8      x′ = s round(x / s) with s = max |x| / 127 over the vector: |x′ − x| ≤ s / 2
///
/// The error of a score is therefore at most ‖q‖₁ times that bound.
public enum VectorScalar: String, Codable, CaseIterable, Sendable {
  /// Four bytes per number, exact.
  case float32
  /// Two bytes per number.
  case float16
  /// One byte per number and one scale per vector.
  case int8

  /// The size of a number in bytes.
  public var byteCount: Int {
    switch self {
    case .float32: 4
    case .float16: 2
    case .int8: 1
    }
  }

  var code: Int32 {
    switch self {
    case .float32: Int32(CS_FLOAT32.rawValue)
    case .float16: Int32(CS_FLOAT16.rawValue)
    case .int8: Int32(CS_INT8.rawValue)
    }
  }

  init?(code: Int32) {
    guard let found = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = found
  }

  /// Whether `numbers` can be stored.
  func holds(_ numbers: UnsafeBufferPointer<Float>) -> Bool {
    let limit = self == .float16 ? Self.largestHalf : Self.limit
    // Written so that NaN, for which every comparison is false, is rejected.
    return numbers.allSatisfy { abs($0) <= limit }
  }

  /// Above this, inner products in float32 could overflow.
  static let limit: Float = 1e15
  private static let largestHalf: Float = 65_504

  /// Writes `numbers` and returns the factor to multiply them by on reading.
  func write(_ numbers: UnsafeBufferPointer<Float>, to target: UnsafeMutableRawPointer) -> Float {
    switch self {
    case .float32:
      target.copyMemory(from: UnsafeRawPointer(numbers.baseAddress!), byteCount: numbers.count * 4)
      return 1
    case .float16:
      let halves = target.assumingMemoryBound(to: UInt16.self)
      for (index, number) in numbers.enumerated() { halves[index] = HalfPrecision.bits(of: number) }
      return 1
    case .int8:
      let bytes = target.assumingMemoryBound(to: Int8.self)
      let scale = (numbers.lazy.map(abs).max() ?? 0) / 127
      // Below this a quotient could overflow; such numbers are negligible for any query.
      guard scale >= .leastNormalMagnitude else {
        for index in numbers.indices { bytes[index] = 0 }
        return 0
      }
      for (index, number) in numbers.enumerated() {
        bytes[index] = Int8((number / scale).rounded(.toNearestOrEven))
      }
      return scale
    }
  }
}

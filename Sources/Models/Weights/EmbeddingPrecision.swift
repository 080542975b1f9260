import Storage
public import Torch

/// The precision in which embeddings are written to a file.
public enum EmbeddingPrecision: String, Codable, Hashable, Sendable, CaseIterable {
  /// 32-bit numbers.
  case float32
  /// 16-bit numbers.
  case float16
  /// 8-bit integers and a scale for each row; see `StoredTensor`.
  case int8
  /// One bit for each number, set where it is above 0: eight in a byte, the first in its highest bit,
  /// as `numpy.packbits` has them. A last byte is filled up with zeros.
  case binary

  /// Embeddings in this precision.
  ///
  /// - Parameter embeddings: `[N, D]`, float32.
  /// - Returns: `[N, D]`, for `binary` `[N, ⌈D / 8⌉]` of uint8; and for `int8` the scales, `[N]`.
  /// - Throws: `ValueError` if a number is too large for 16 bits.
  public func rounded(_ embeddings: Tensor) throws -> (values: Tensor, scales: Tensor?) {
    switch self {
    case .float32: return (embeddings, nil)
    case .float16:
      let half = embeddings.converted(to: .float16)
      guard try checked({ half.isAllFinite }) else {
        throw ValueError(
          "embeddings", reason: "a number is too large for float16",
          expected: "--precision float32 or int8")
      }
      return (half, nil)
    case .int8:
      let stored = StoredTensor.rounded(embeddings.contiguous())
      return (stored.values, stored.scales)
    case .binary: return (Self.signs(of: embeddings), nil)
    }
  }

  private static func signs(of embeddings: Tensor) -> Tensor {
    let (count, width) = (embeddings.size(along: 0), embeddings.size(along: 1))
    let byteCount = (width + 7) / 8
    var bytes = [UInt8](repeating: 0, count: count * byteCount)
    embeddings.withUnsafeBytes { numbers in
      let numbers = numbers.bindMemory(to: Float.self)
      for row in 0..<count {
        for column in 0..<width where numbers[row * width + column] > 0 {
          bytes[row * byteCount + column / 8] |= 0x80 >> UInt8(column % 8)
        }
      }
    }
    return Tensor(bytes, shape: [count, byteCount])
  }
}

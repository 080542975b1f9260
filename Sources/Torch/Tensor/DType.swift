/// The type of a tensor's elements.
///
/// Raw values are libtorch's `ScalarType`.
public enum DType: Int32, Hashable, Sendable, CaseIterable, Codable {
  /// Unsigned 8-bit integers.
  case uint8 = 0
  /// Signed 8-bit integers.
  case int8 = 1
  /// Signed 16-bit integers.
  case int16 = 2
  /// Signed 32-bit integers.
  case int32 = 3
  /// Signed 64-bit integers: indices.
  case int64 = 4
  /// IEEE half precision.
  case float16 = 5
  /// IEEE single precision: the default.
  case float32 = 6
  /// IEEE double precision.
  case float64 = 7
  /// Truth values, one byte each.
  case bool = 11
  /// Brain floating point: the range of float32 with 8 bits of precision.
  case bfloat16 = 15

  /// The size of an element in bytes.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .int16, .float16, .bfloat16: 2
    case .int32, .float32: 4
    case .int64, .float64: 8
    }
  }

  /// The type in which numbers of this type are added up: float64 for itself, else float32.
  package var accumulator: DType { self == .float64 ? .float64 : .float32 }

  /// Whether elements are real numbers; only these can have gradients.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }
}

/// A Swift type that can be the element type of a tensor.
public protocol TensorScalar: BitwiseCopyable, Sendable {
  /// The dtype with the same bit pattern.
  static var dtype: DType { get }
}

extension Float: TensorScalar {
  /// Single precision.
  public static var dtype: DType { .float32 }
}
extension Double: TensorScalar {
  /// Double precision.
  public static var dtype: DType { .float64 }
}
extension Int64: TensorScalar {
  /// 64-bit integers.
  public static var dtype: DType { .int64 }
}
extension Int: TensorScalar {
  /// 64-bit integers.
  public static var dtype: DType { .int64 }
}
extension Int32: TensorScalar {
  /// 32-bit integers.
  public static var dtype: DType { .int32 }
}
extension Int16: TensorScalar {
  /// 16-bit integers.
  public static var dtype: DType { .int16 }
}
extension Int8: TensorScalar {
  /// 8-bit integers.
  public static var dtype: DType { .int8 }
}
extension UInt8: TensorScalar {
  /// Unsigned 8-bit integers.
  public static var dtype: DType { .uint8 }
}
extension Bool: TensorScalar {
  /// Truth values.
  public static var dtype: DType { .bool }
}

/// The types of elements that `.npy` files are written and read with, by NumPy's names for them in the
/// bytes of this machine.
package enum NumpyType: String, CaseIterable {
  case float32 = "<f4"
  case float64 = "<f8"
  case int64 = "<i8"
  case float16 = "<f2"
  case int8 = "|i1"
  case uint8 = "|u1"

  /// Bytes an element takes.
  package var byteCount: Int {
    switch self {
    case .int8, .uint8: 1
    case .float16: 2
    case .float32: 4
    case .float64, .int64: 8
    }
  }
}

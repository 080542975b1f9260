/// The types of elements that `.npy` files are written and read with, by NumPy's names for them in the
/// bytes of this machine.
package enum NumpyType: String, CaseIterable {
  case float32 = "<f4"
  case float64 = "<f8"
  case int64 = "<i8"

  /// Bytes an element takes.
  package var byteCount: Int { self == .float32 ? 4 : 8 }
}

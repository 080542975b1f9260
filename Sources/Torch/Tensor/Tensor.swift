internal import CTorch

/// A multi-dimensional array of numbers on a device, with the gradient graph of its computation.
///
/// A `Tensor` is a reference to libtorch's tensor: copies share the elements, and an operation
/// whose name contains `inPlace` or `=` changes all copies. The elements are freed when
/// the last reference is released; there is nothing to close.
///
/// An operation that fails (shapes that do not fit) ends the process with libtorch's message; use
/// `checked` to have it thrown instead.
public struct Tensor: Sendable {
  let handle: TensorHandle

  @inline(__always)
  init(owned pointer: ct_tensor) { handle = TensorHandle(pointer) }

  @inline(__always)
  var pointer: ct_tensor { handle.pointer }

  /// The answer of `question` about libtorch's tensor, which is kept alive during the call.
  ///
  /// The compiler may release a temporary tensor as soon as its pointer has been taken.
  @inline(__always)
  func ask<Answer>(_ question: (ct_tensor) -> Answer) -> Answer {
    withExtendedLifetime(handle) { question(handle.pointer) }
  }

  /// The result of a failed operation inside `checked`, and of every one after it: no elements, and
  /// more axes than any code here looks at, so that asking for the length of an axis does not fail.
  static var placeholder: Tensor {
    do {
      return try Tensor(
        copying: nil, shape: [Int](repeating: 0, count: 8), dtype: .float32)
    } catch {
      fatalError(error.message)
    }
  }

  /// Copies the elements of `shape` from `bytes`.
  init(bytes: UnsafeRawPointer?, shape: [Int], dtype: DType) {
    do {
      try self.init(copying: bytes, shape: shape, dtype: dtype)
    } catch {
      refuse(error)
      self = .placeholder
    }
  }

  /// Copies the elements of `shape` from `bytes`.
  ///
  /// - Throws: `TorchError` when libtorch is missing or rejects the shape, or memory is exhausted.
  init(copying bytes: UnsafeRawPointer?, shape: [Int], dtype: DType) throws(TorchError) {
    try Runtime.load()
    var made: ct_tensor?
    let sizes = shape.map(Int64.init)
    try TorchError.check(
      ct_tensor_copy(bytes, sizes, Int32(sizes.count), dtype.rawValue, &made))
    self.init(owned: made!)
  }

  /// The number of elements along each axis.
  public var shape: [Int] {
    ask { tensor in
      let sizes = ct_tensor_sizes(tensor)
      return (0..<Int(ct_tensor_dimensions(tensor))).map { Int(sizes![$0]) }
    }
  }

  /// The number of elements along `axis`; negative axes count from the last.
  ///
  /// Fails if there is no such axis.
  public func size(along axis: Int) -> Int {
    let count = dimensionCount
    let position = axis < 0 ? axis + count : axis
    guard position >= 0 && position < count else {
      refuse(TorchError(kind: .index, message: "axis \(axis) of a tensor of shape \(shape)"))
      return 0
    }
    return ask { Int(ct_tensor_sizes($0)[position]) }
  }

  /// The number of axes; 0 for a single number.
  public var dimensionCount: Int { Int(ask(ct_tensor_dimensions)) }

  /// The number of elements.
  public var elementCount: Int { Int(ask(ct_tensor_element_count)) }

  /// The type of the elements.
  public var dtype: DType {
    let raw = ask(ct_tensor_dtype)
    guard let dtype = DType(rawValue: raw) else {
      fatalError("libtorch returned a tensor of the unsupported scalar type \(raw)")
    }
    return dtype
  }

  /// The device that holds the elements.
  public var device: Device {
    let kind = Device.Kind(rawValue: ask(ct_tensor_device_kind)) ?? .cpu
    let index = Int(ask(ct_tensor_device_index))
    return Device(kind: kind, index: index < 0 ? nil : index)
  }

  /// Whether the elements are stored in one block in index order.
  public var isContiguous: Bool { ask(ct_tensor_is_contiguous) != 0 }

  /// Whether only some elements are stored, with their indices (gradients of large tables).
  public var isSparse: Bool { ask(ct_tensor_layout) != 0 }

  /// Whether both are the same tensor, not just equal.
  public func isSame(as other: Tensor) -> Bool { pointer == other.pointer }

  /// The number of references to libtorch's tensor, for memory tests.
  public var referenceCount: Int { Int(ask(ct_tensor_use_count)) }
}

extension Tensor: CustomStringConvertible {
  /// Shape, dtype and the first elements.
  public var description: String {
    let shown = 8
    let head =
      isSparse
      ? "sparse"
      : reshaped([-1])[0..<min(shown, elementCount)].doubles().map { "\($0)" }
        .joined(separator: ", ") + (elementCount > shown ? ", …" : "")
    return "Tensor(\(shape), \(dtype), [\(head)])"
  }
}

/// One reference to libtorch's tensor, released with the object.
final class TensorHandle: @unchecked Sendable {
  let pointer: ct_tensor

  @inline(__always)
  init(_ pointer: ct_tensor) { self.pointer = pointer }

  deinit { ct_tensor_release(pointer) }
}

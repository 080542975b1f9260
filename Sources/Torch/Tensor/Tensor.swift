internal import CTorch

/// A multi-dimensional array of numbers on some device, with the history that gradients need.
///
/// A `Tensor` is a reference to libtorch's tensor: copies share the elements, and an operation
/// whose name is a verb with `inPlace` or `=` changes what all copies see. The elements are freed
/// when the last reference goes; there is nothing to close and no scope to leave.
///
/// A refused operation (shapes that do not fit) ends the process with libtorch's words; see
/// `checked` for the way to have it thrown.
public struct Tensor: Sendable {
  let handle: TensorHandle

  @inline(__always)
  init(owned pointer: ct_tensor) { handle = TensorHandle(pointer) }

  @inline(__always)
  var pointer: ct_tensor { handle.pointer }

  /// What `question` says of libtorch's tensor, which stays until it has answered.
  ///
  /// The compiler may release a temporary tensor as soon as its pointer is taken.
  @inline(__always)
  func ask<Answer>(_ question: (ct_tensor) -> Answer) -> Answer {
    withExtendedLifetime(handle) { question(handle.pointer) }
  }

  /// What a refused operation yields inside `checked`, and every one after it: no elements, and more
  /// axes than any code here looks at, so that asking for the length of one is no fault of its own.
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
  /// - Throws: `TorchError` when libtorch refuses the shape or has no memory for it.
  init(copying bytes: UnsafeRawPointer?, shape: [Int], dtype: DType) throws(TorchError) {
    Runtime.require()
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
  /// An axis that is not there is refused.
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
      fatalError("libtorch made a tensor of the unsupported scalar type \(raw)")
    }
    return dtype
  }

  /// Where the elements lie.
  public var device: Device {
    let kind = Device.Kind(rawValue: ask(ct_tensor_device_kind)) ?? .cpu
    let index = Int(ask(ct_tensor_device_index))
    return Device(kind: kind, index: index < 0 ? nil : index)
  }

  /// Whether the elements lie in one block in the order of their indices.
  public var isContiguous: Bool { ask(ct_tensor_is_contiguous) != 0 }

  /// Whether only some elements are stored, with their indices (gradients of large tables).
  public var isSparse: Bool { ask(ct_tensor_layout) != 0 }

  /// Whether both are the same tensor, not merely equal ones.
  public func isSame(as other: Tensor) -> Bool { pointer == other.pointer }

  /// The number of references to libtorch's tensor, for tests of memory.
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

/// One reference to libtorch's tensor, given back with the object.
final class TensorHandle: @unchecked Sendable {
  let pointer: ct_tensor

  @inline(__always)
  init(_ pointer: ct_tensor) { self.pointer = pointer }

  deinit { ct_tensor_release(pointer) }
}

internal import CTorch

extension Tensor {
  /// Copies `values`, in row-major order, into a tensor of `shape`.
  ///
  /// - Precondition: the shape has as many elements as there are values.
  public init<Scalar: TensorScalar>(_ values: [Scalar], shape: [Int]) {
    precondition(
      values.count == shape.reduce(1, *), "\(values.count) values do not fill the shape \(shape)")
    guard pendingRefusal == nil else {
      self = .placeholder
      return
    }
    self = values.withUnsafeBytes {
      Tensor(bytes: $0.baseAddress, shape: shape, dtype: Scalar.dtype)
    }
  }

  /// Creates a vector of `values`.
  public init<Scalar: TensorScalar>(_ values: [Scalar]) {
    self.init(values, shape: [values.count])
  }

  /// Creates a matrix with the given rows.
  ///
  /// - Precondition: all rows have the same length.
  public init<Scalar: TensorScalar>(rows: [[Scalar]]) {
    let width = rows.first?.count ?? 0
    precondition(rows.allSatisfy { $0.count == width }, "the rows differ in length")
    self.init(rows.flatMap { $0 }, shape: [rows.count, width])
  }

  /// Creates a tensor of a single number.
  public init(_ value: Double, dtype: DType = .float32) {
    self = Tensor([value], shape: []).converted(to: dtype)
  }

  /// Creates a view of memory that `owner` keeps alive; nothing is copied.
  ///
  /// Use it for memory-mapped weights and token ids. Do not write to the tensor if the memory is
  /// read-only.
  ///
  /// - Throws: `TorchError` when libtorch rejects the shape.
  public init(
    borrowing base: UnsafeRawPointer, shape: [Int], dtype: DType, owner: AnyObject
  ) throws(TorchError) {
    try Runtime.load()
    let sizes = shape.map(Int64.init)
    var made: ct_tensor?
    let context = Unmanaged.passRetained(owner)
    let code = ct_tensor_borrow(
      UnsafeMutableRawPointer(mutating: base), sizes, Int32(sizes.count), dtype.rawValue,
      { Unmanaged<AnyObject>.fromOpaque($0!).release() }, context.toOpaque(), &made)
    try TorchError.check(code)
    self.init(owned: made!)
  }

  /// Calls `body` with the elements' bytes, in row-major order.
  ///
  /// A tensor that is not contiguous or not on the CPU is copied first.
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    let plain = (device.kind == .cpu ? self : moved(to: .cpu)).contiguous()
    var data: UnsafeMutableRawPointer?
    let code = plain.ask { ct_tensor_data($0, &data) }
    if code != 0 { refuse(TorchError.last(code)) }
    if data == nil && plain.elementCount > 0 {
      // For some gradients of zeros libtorch has not allocated memory.
      return try Tensor.zeros(plain.shape, dtype: plain.dtype).withUnsafeBytes(body)
    }
    return try withExtendedLifetime(plain) {
      try body(
        UnsafeRawBufferPointer(start: data, count: plain.elementCount * plain.dtype.byteCount))
    }
  }

  /// Calls `body` with the elements, to read or write in place.
  ///
  /// Fails for a tensor that is not contiguous, not on the CPU or not of `Scalar`'s dtype; `body`
  /// then gets no elements.
  public func withUnsafeMutableElements<Scalar: TensorScalar, R>(
    of type: Scalar.Type, _ body: (UnsafeMutableBufferPointer<Scalar>) throws -> R
  ) rethrows -> R {
    guard isContiguous, device.kind == .cpu, dtype == Scalar.dtype else {
      refuse(
        TorchError(
          kind: .type,
          message:
            "\(shape) of \(dtype) on \(device) cannot be written as \(Scalar.dtype) in place"))
      return try body(UnsafeMutableBufferPointer(start: nil, count: 0))
    }
    var data: UnsafeMutableRawPointer?
    let code = ask { ct_tensor_data($0, &data) }
    if code != 0 { refuse(TorchError.last(code)) }
    defer { ask(ct_tensor_count_write) }
    return try withExtendedLifetime(self) {
      try body(
        UnsafeMutableBufferPointer(
          start: data?.assumingMemoryBound(to: Scalar.self), count: elementCount))
    }
  }

  /// The elements in row-major order.
  ///
  /// Fails for a tensor of another dtype than `Scalar`'s; use `converted(to:)` first.
  public func array<Scalar: TensorScalar>(of type: Scalar.Type = Scalar.self) -> [Scalar] {
    guard dtype == Scalar.dtype else {
      refuse(TorchError(kind: .type, message: "a tensor of \(dtype) read as \(Scalar.dtype)"))
      return []
    }
    return withUnsafeBytes { Array($0.bindMemory(to: Scalar.self)) }
  }

  /// The elements in row-major order, converted from any dtype.
  public func doubles() -> [Double] { converted(to: .float64).array(of: Double.self) }

  /// The only element, as a real number.
  ///
  /// Waits for the device.
  public var scalar: Double {
    var result = 0.0
    let code = ask { ct_tensor_real($0, &result) }
    if code != 0 { refuse(TorchError.last(code)) }
    return result
  }

  /// The only element, as an integer.
  ///
  /// Waits for the device.
  public var integer: Int {
    var result: Int64 = 0
    let code = ask { ct_tensor_integer($0, &result) }
    if code != 0 { refuse(TorchError.last(code)) }
    return Int(result)
  }
}

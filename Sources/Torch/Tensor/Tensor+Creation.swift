extension Tensor {
  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu)
    -> Tensor
  {
    Ops.zeros(.ints(shape), .dtype(dtype), nil, .device(device))
  }

  /// A tensor of ones.
  public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor
  {
    Ops.ones(.ints(shape), .dtype(dtype), nil, .device(device))
  }

  /// A tensor filled with `value`.
  public static func full(
    _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    Ops.full(.ints(shape), .double(value), .dtype(dtype), nil, .device(device))
  }

  /// A tensor with undefined elements, for buffers that are about to be written.
  public static func uninitialized(
    _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    Ops.empty(.ints(shape), .dtype(dtype), nil, .device(device))
  }

  /// Zeros of the shape, dtype and device of `other`.
  public static func zeros(like other: Tensor) -> Tensor { Ops.zerosLike(other) }

  /// Ones of the shape, dtype and device of `other`.
  public static func ones(like other: Tensor) -> Tensor { Ops.onesLike(other) }

  /// The integers of `range`, as int64.
  public static func range(_ range: Range<Int>, device: Device = .cpu) -> Tensor {
    Ops.arange(
      .int(range.lowerBound), .int(range.upperBound), .int(1), .dtype(.int64), nil,
      .device(device))
  }

  /// The identity matrix `[count, count]`.
  public static func identity(_ count: Int, dtype: DType = .float32, device: Device = .cpu)
    -> Tensor
  {
    Ops.eye(.int(count), .dtype(dtype), nil, .device(device))
  }

  /// Draws from the standard normal distribution.
  public static func normal(
    _ shape: [Int], generator: Generator, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    Ops.randn(.ints(shape), .generator(generator), .dtype(dtype), nil, .device(device))
  }

  /// Draws uniformly from `range`.
  public static func uniform(
    _ shape: [Int], in range: Range<Double> = 0..<1, generator: Generator,
    dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    let result = uninitialized(shape, dtype: dtype, device: device)
    Ops.uniformInPlace(
      .tensor(result), .double(range.lowerBound), .double(range.upperBound),
      .generator(generator))
    return result
  }

  /// Draws integers uniformly from `range`, as int64.
  public static func integers(
    _ shape: [Int], in range: Range<Int>, generator: Generator, device: Device = .cpu
  ) -> Tensor {
    Ops.randint(
      .int(range.lowerBound), .int(range.upperBound), .ints(shape), .generator(generator),
      .dtype(.int64), nil, .device(device))
  }

  /// The integers `0 ..< count` in random order, as int64.
  public static func permutation(_ count: Int, generator: Generator) -> Tensor {
    Ops.randperm(.int(count), .generator(generator), .dtype(.int64))
  }

  /// Draws 1 with `probability` and 0 otherwise, in this tensor's shape and dtype.
  public func bernoulli(_ probability: Double, generator: Generator) -> Tensor {
    Ops.bernoulli(.tensor(self), .double(probability), .generator(generator))
  }

  private enum Ops {
    static let zeros = Op("aten::zeros")
    static let ones = Op("aten::ones")
    static let full = Op("aten::full")
    static let empty = Op("aten::empty", "memory_format")
    static let zerosLike = Op("aten::zeros_like")
    static let onesLike = Op("aten::ones_like")
    static let arange = Op("aten::arange", "start_step")
    static let eye = Op("aten::eye")
    static let randn = Op("aten::randn", "generator")
    static let uniformInPlace = Op("aten::uniform_")
    static let randint = Op("aten::randint", "low_generator")
    static let randperm = Op("aten::randperm", "generator")
    static let bernoulli = Op("aten::bernoulli", "p")
  }
}

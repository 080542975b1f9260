internal import CTorch

/// An operator of libtorch's dispatcher, looked up once.
///
/// Every aten operator can be called this way, with gradients and on every device, except those
/// that return lists of numbers or more than eight values:
///
///     let cumulativeSum = Op("aten::cumsum")
///     let y = cumulativeSum(.tensor(x), .int(1))
///
/// Arguments are positional, in the order of the schema (printed by `schema`), keyword-only ones
/// included; trailing arguments with defaults may be omitted. Keep an `Op` in a `static let`.
public struct Op: @unchecked Sendable {
  let pointer: ct_op

  /// Looks up `name` with `overload`, such as `Op("aten::add", "Tensor")`.
  ///
  /// - Precondition: libtorch can be loaded and has the operator.
  public init(_ name: String, _ overload: String = "") {
    Runtime.require()
    var found: ct_op?
    let code = ct_op_find(name, overload, &found)
    guard code == 0, let found else { fatalError(TorchError.last(code).message) }
    pointer = found
  }

  /// The operator's signature in libtorch's notation.
  public var schema: String { String(cString: ct_op_schema(pointer)) }

  /// One argument of an operator.
  public enum Argument: Sendable {
    /// No value, for an optional argument.
    case none
    /// The schema's default.
    case omitted
    /// A tensor.
    case tensor(Tensor)
    /// A tensor or none.
    case optional(Tensor?)
    /// An integer.
    case int(Int)
    /// A real number.
    case double(Double)
    /// A truth value.
    case bool(Bool)
    /// A text.
    case string(String)
    /// A list of integers, such as a shape.
    case ints([Int])
    /// A list of real numbers.
    case doubles([Double])
    /// A list of truth values.
    case bools([Bool])
    /// A list of tensors.
    case tensors([Tensor])
    /// A list of tensors, some of them missing.
    case optionalTensors([Tensor?])
    /// An element type.
    case dtype(DType)
    /// A device.
    case device(Device)
    /// A source of random numbers; nil means libtorch's global one.
    case generator(Generator?)
  }

  /// One result of an operator.
  public enum Output: Sendable {
    /// No value.
    case none
    /// A tensor.
    case tensor(Tensor)
    /// An integer.
    case int(Int)
    /// A real number.
    case double(Double)
    /// A truth value.
    case bool(Bool)
    /// A list of tensors.
    case tensors([Tensor])
  }

  /// Calls the operator and returns all its results.
  ///
  /// - Throws: `TorchError` when the operator fails.
  public func results(_ arguments: [Argument]) throws(TorchError) -> [Output] {
    if let pendingRefusal { throw pendingRefusal }
    var arena = Arena()
    defer { arena.free() }
    var values: [ct_value] = []
    values.reserveCapacity(arguments.count)
    for argument in arguments { values.append(arena.value(argument)) }
    var outputs = [ct_value](repeating: ct_value(), count: 8)
    var count: Int32 = 0
    let code = withExtendedLifetime(arguments) {
      ct_call(pointer, values, Int32(values.count), &outputs, 8, &count)
    }
    try TorchError.check(code)
    return outputs.prefix(Int(count)).map(Output.init(taking:))
  }

  /// Calls the operator and returns its first result, a tensor.
  ///
  /// Errors are handled as described for `checked`.
  @discardableResult
  public func callAsFunction(_ arguments: Argument...) -> Tensor {
    do {
      if case .tensor(let tensor)? = try results(arguments).first { return tensor }
      fatalError("\(schema) returned no tensor")
    } catch {
      refuse(error)
      return .placeholder
    }
  }

  /// Calls the operator and returns its results, all of which are tensors.
  ///
  /// - Throws: `TorchError` when the operator fails.
  public func tensors(_ arguments: Argument...) throws(TorchError) -> [Tensor] {
    var list: [Tensor] = []
    for output in try results(arguments) {
      switch output {
      case .tensor(let tensor): list.append(tensor)
      case .tensors(let tensors): list += tensors
      default: break
      }
    }
    return list
  }
}

extension Op.Argument: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral
{
  /// An integer.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// A real number.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// No value.
  public init(nilLiteral: ()) { self = .none }
}

extension Op.Output {
  init(taking value: ct_value) {
    switch ct_tag(UInt32(value.tag)) {
    case CT_TENSOR: self = value.as.tensor.map { .tensor(Tensor(owned: $0)) } ?? .none
    case CT_INT: self = .int(Int(value.as.integer))
    case CT_DOUBLE: self = .double(value.as.real)
    case CT_BOOL: self = .bool(value.as.integer != 0)
    case CT_TENSORS:
      let list = UnsafeBufferPointer(start: value.as.tensors, count: Int(value.count))
      self = .tensors(list.map { $0.map { Tensor(owned: $0) } ?? .placeholder })
      ct_list_free(value.as.tensors)
    default: self = .none
    }
  }
}

/// Memory for the lists and strings of one call.
private struct Arena {
  private var blocks: [UnsafeMutableRawPointer] = []

  mutating func keep<T>(_ count: Int, _ element: (Int) -> T) -> UnsafeMutablePointer<T> {
    let block = UnsafeMutablePointer<T>.allocate(capacity: max(count, 1))
    for index in 0..<count { (block + index).initialize(to: element(index)) }
    blocks.append(UnsafeMutableRawPointer(block))
    return block
  }

  func free() {
    for block in blocks { block.deallocate() }
  }

  mutating func value(_ argument: Op.Argument) -> ct_value {
    switch argument {
    case .none: return .none
    case .omitted: return .omitted
    case .tensor(let tensor): return .init(tensor)
    case .optional(let tensor): return tensor.map { .init($0) } ?? .none
    case .int(let value): return .init(value)
    case .double(let value): return .init(value)
    case .bool(let value): return .init(value)
    case .dtype(let dtype): return .init(Int(dtype.rawValue))
    case .device(let device): return .init(device)
    case .generator(let generator): return generator.map { .init($0) } ?? .none
    case .string(let text):
      let characters = Array(text.utf8CString)
      var value = ct_value(tag: CT_STRING, count: 0)
      value.as.string = UnsafePointer(keep(characters.count) { characters[$0] })
      return value
    case .ints(let list):
      var value = ct_value(tag: CT_INTS, count: list.count)
      value.as.integers = UnsafePointer(keep(list.count) { Int64(list[$0]) })
      return value
    case .doubles(let list):
      var value = ct_value(tag: CT_DOUBLES, count: list.count)
      value.as.reals = UnsafePointer(keep(list.count) { list[$0] })
      return value
    case .bools(let list):
      var value = ct_value(tag: CT_BOOLS, count: list.count)
      value.as.booleans = UnsafePointer(keep(list.count) { list[$0] ? 1 : 0 })
      return value
    case .tensors(let list):
      var value = ct_value(tag: CT_TENSORS, count: list.count)
      value.as.tensors = keep(list.count) { Optional(list[$0].pointer) }
      return value
    case .optionalTensors(let list):
      var value = ct_value(tag: CT_OPTIONAL_TENSORS, count: list.count)
      value.as.tensors = keep(list.count) { list[$0]?.pointer }
      return value
    }
  }
}

internal import CTorch

// The fast path of operator calls: arguments go into a fixed-size array on the stack, and only the
// result is allocated.

extension ct_value {
  @inline(__always)
  init(tag: ct_tag, count: Int) {
    self.init()
    self.tag = Int32(tag.rawValue)
    self.count = Int32(count)
  }

  @inline(__always)
  init(_ tensor: Tensor) {
    self.init(tag: CT_TENSOR, count: 0)
    `as`.tensor = tensor.pointer
  }

  @inline(__always)
  init(_ value: Int) {
    self.init(tag: CT_INT, count: 0)
    `as`.integer = Int64(value)
  }

  @inline(__always)
  init(_ value: Double) {
    self.init(tag: CT_DOUBLE, count: 0)
    `as`.real = value
  }

  @inline(__always)
  init(_ value: Bool) {
    self.init(tag: CT_BOOL, count: 0)
    `as`.integer = value ? 1 : 0
  }

  @inline(__always)
  init(_ device: Device) {
    self.init(tag: CT_DEVICE, count: device.index ?? -1)
    `as`.integer = Int64(device.kind.rawValue)
  }

  @inline(__always)
  init(_ generator: Generator) {
    self.init(tag: CT_GENERATOR, count: 0)
    `as`.generator = generator.pointer
  }

  /// A list whose memory the caller keeps until the call is over.
  @inline(__always)
  init(_ list: UnsafeBufferPointer<Int64>) {
    self.init(tag: CT_INTS, count: list.count)
    `as`.integers = list.baseAddress
  }

  static var none: ct_value { ct_value(tag: CT_NONE, count: 0) }
  static var omitted: ct_value { ct_value(tag: CT_DEFAULT, count: 0) }
}

extension Op {
  /// Calls with arguments that the caller keeps alive; returns the only result.
  @inline(__always)
  func run<let count: Int>(_ arguments: InlineArray<count, ct_value>) -> Tensor {
    guard pendingRefusal == nil else { return .placeholder }
    var output = ct_value()
    var outputs: Int32 = 0
    let code = arguments.span.withUnsafeBufferPointer {
      ct_call(pointer, $0.baseAddress, Int32(count), &output, 1, &outputs)
    }
    guard code == 0 else {
      refuse(TorchError.last(code))
      return .placeholder
    }
    return Tensor(owned: output.as.tensor)
  }

  @inline(__always)
  func callAsFunction(_ a: Tensor) -> Tensor {
    withExtendedLifetime(a) { run([.init(a)]) }
  }

  @inline(__always)
  func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    withExtendedLifetime((a, b)) { run([.init(a), .init(b)]) }
  }

  @inline(__always)
  func callAsFunction(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor {
    withExtendedLifetime((a, b, c)) { run([.init(a), .init(b), .init(c)]) }
  }

  @inline(__always)
  func callAsFunction(_ a: Tensor, _ b: Double) -> Tensor {
    withExtendedLifetime(a) { run([.init(a), .init(b)]) }
  }

  @inline(__always)
  func callAsFunction(_ a: Tensor, _ b: Int) -> Tensor {
    withExtendedLifetime(a) { run([.init(a), .init(b)]) }
  }

  @inline(__always)
  func callAsFunction(_ a: Tensor, _ b: Int, _ c: Int) -> Tensor {
    withExtendedLifetime(a) { run([.init(a), .init(b), .init(c)]) }
  }

  @inline(__always)
  func callAsFunction(_ a: Tensor, _ b: Int, _ c: Bool) -> Tensor {
    withExtendedLifetime(a) { run([.init(a), .init(b), .init(c)]) }
  }

  @inline(__always)
  func callAsFunction(_ a: Tensor, _ axis: Int, _ b: Tensor) -> Tensor {
    withExtendedLifetime((a, b)) { run([.init(a), .init(axis), .init(b)]) }
  }

  /// A tensor and a list of integers, followed by a flag if the operator has one.
  func callAsFunction(_ a: Tensor, _ list: [Int], _ flag: Bool? = nil) -> Tensor {
    // Int is 64 bits wide on every platform that libtorch runs on.
    list.withUnsafeBufferPointer { ints in
      ints.withMemoryRebound(to: Int64.self) { ints in
        withExtendedLifetime(a) {
          if let flag { return run([.init(a), .init(ints), .init(flag)]) }
          return run([.init(a), .init(ints)])
        }
      }
    }
  }
}

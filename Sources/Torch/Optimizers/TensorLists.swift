internal import CTorch

/// Arguments of a fused operator: lists of tensors of equal length, in memory that is reused from
/// step to step, so that a step allocates nothing.
final class TensorLists {
  private let lists: UnsafeMutablePointer<ct_tensor?>
  private let capacity: Int
  private let width: Int
  /// The number of parameters filled in.
  private(set) var count = 0

  /// Creates room for `width` lists of up to `capacity` tensors.
  init(width: Int, capacity: Int) {
    self.width = width
    self.capacity = capacity
    lists = .allocate(capacity: max(width * capacity, 1))
  }

  deinit {
    removeAll()
    lists.deallocate()
  }

  /// Appends one tensor to each list; takes ownership of `gradient`, which goes to the first list.
  func append(gradient: Tensor, _ others: Tensor...) {
    precondition(count < capacity && others.count == width - 1, "too many tensors")
    ct_tensor_retain(gradient.pointer)
    lists[count] = gradient.pointer
    for (place, tensor) in others.enumerated() {
      lists[(place + 1) * capacity + count] = tensor.pointer
    }
    count += 1
  }

  /// Empties the lists and releases the gradients.
  func removeAll() {
    for place in 0..<count { ct_tensor_release(lists[place]) }
    count = 0
  }

  /// The list `index` as an argument.
  func argument(_ index: Int) -> ct_value {
    var value = ct_value(tag: CT_TENSORS, count: count)
    value.as.tensors = lists + index * capacity
    return value
  }
}

extension ct_value {
  /// An empty list of tensors.
  static var noTensors: ct_value { ct_value(tag: CT_TENSORS, count: 0) }
}

extension Op {
  /// Calls an operator without results, with arguments that the caller keeps alive.
  func perform<let count: Int>(_ arguments: InlineArray<count, ct_value>) throws(TorchError) {
    var output = ct_value()
    var outputs: Int32 = 0
    let code = arguments.span.withUnsafeBufferPointer {
      ct_call(pointer, $0.baseAddress, Int32(count), &output, 1, &outputs)
    }
    try TorchError.check(code)
  }
}

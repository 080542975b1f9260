extension Tensor {
  /// The same elements in another shape; one length may be −1 and is then inferred.
  public func reshaped(_ shape: [Int]) -> Tensor { Ops.reshape(self, shape) }
  /// The tensor with its axes reordered.
  public func permuted(_ axes: [Int]) -> Tensor { Ops.permute(self, axes) }
  /// The tensor with two axes exchanged; by default, the transpose of a matrix.
  ///
  /// Shares the elements.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    Ops.transpose(self, first, second)
  }
  /// The tensor with a new axis of length 1 at `axis`.
  public func expandingDimension(at axis: Int) -> Tensor { Ops.unsqueeze(self, axis) }
  /// The tensor without `axis`, which has length 1.
  public func squeezed(along axis: Int) -> Tensor { Ops.squeeze(self, axis) }
  /// The tensor with axes of length 1 expanded to `shape` without copying; −1 keeps a length.
  public func expanded(to shape: [Int]) -> Tensor { Ops.expand(self, shape) }
  /// The elements in one block in index order; the tensor itself if they already are.
  public func contiguous() -> Tensor { Ops.contiguous(self) }
  /// A copy of the elements that is still part of the gradient graph.
  public func copied() -> Tensor { Ops.clone(self) }
  /// The same elements, detached from the gradient graph.
  public func detached() -> Tensor { Ops.detach(self) }

  /// The elements converted to `dtype`; the tensor itself if it has that dtype.
  public func converted(to dtype: DType) -> Tensor {
    withExtendedLifetime(self) { Ops.toDtype.run([.init(self), .init(Int(dtype.rawValue))]) }
  }

  /// A copy of the tensor on `device`; the tensor itself if it is already there.
  public func moved(to device: Device) -> Tensor {
    Ops.toDevice(.tensor(self), .device(device), .dtype(dtype))
  }

  /// The tensor on `device`, for inputs of a step: nobody waits for the copy.
  ///
  /// Where the device is CUDA, the elements go through memory that it reads by itself, and what is
  /// computed next there waits for them. The tensor must not be written to before that.
  public func sent(to device: Device) -> Tensor {
    guard self.device.kind == .cpu, device.kind == .cuda else { return moved(to: device) }
    let pinned = Ops.pin(.tensor(self))
    return Ops.toDevice(.tensor(pinned), .device(device), .dtype(dtype), true)
  }

  /// Moves the elements to `device`; everything that refers to this tensor finds them there.
  ///
  /// For parameters: their gradients stay where they are, and graphs recorded before are void.
  public func moveInPlace(to device: Device) {
    guard self.device.kind != device.kind || device.index.map({ $0 != self.device.index }) ?? false
    else { return }
    replaceElements(by: detached().moved(to: device))
  }

  /// Lets this tensor have the elements and the device of `other`, of the same shape and dtype.
  public func replaceElements(by other: Tensor) {
    do {
      _ = try Ops.setData.results([.tensor(self), .tensor(other.detached())])
    } catch {
      refuse(error)
    }
  }

  /// The slice `range` along `axis`.
  ///
  /// Shares the elements.
  public func slice(_ range: Range<Int>, along axis: Int) -> Tensor {
    withExtendedLifetime(self) {
      Ops.narrow.run([
        .init(self), .init(axis), .init(range.lowerBound), .init(range.count),
      ])
    }
  }

  /// The rows of `range`: a slice along the first axis.
  ///
  /// Shares the elements.
  public subscript(_ range: Range<Int>) -> Tensor { slice(range, along: 0) }

  /// The element at `index` of the first axis, without that axis.
  ///
  /// Shares the elements.
  public subscript(_ index: Int) -> Tensor { Ops.select(self, 0, index) }

  /// Concatenates tensors along an existing axis.
  public static func concatenated(_ tensors: [Tensor], along axis: Int = 0) -> Tensor {
    Ops.cat(.tensors(tensors), .int(axis))
  }

  /// Stacks tensors of equal shape along a new axis.
  public static func stacked(_ tensors: [Tensor], along axis: Int = 0) -> Tensor {
    Ops.stack(.tensors(tensors), .int(axis))
  }

  private enum Ops {
    static let reshape = Op("aten::reshape")
    static let permute = Op("aten::permute")
    static let transpose = Op("aten::transpose", "int")
    static let unsqueeze = Op("aten::unsqueeze")
    static let squeeze = Op("aten::squeeze", "dim")
    static let expand = Op("aten::expand")
    static let contiguous = Op("aten::contiguous")
    static let clone = Op("aten::clone")
    static let detach = Op("aten::detach")
    static let toDtype = Op("aten::to", "dtype")
    static let pin = Op("aten::pin_memory")
    static let setData = Op("aten::set_data")
    static let toDevice = Op("aten::to", "device")
    static let narrow = Op("aten::narrow")
    static let select = Op("aten::select", "int")
    static let cat = Op("aten::cat")
    static let stack = Op("aten::stack")
  }
}

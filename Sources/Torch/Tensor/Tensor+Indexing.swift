extension Tensor {
  /// The rows (or slices along `axis`) at `indices`, an int64 vector.
  public func gathered(rows indices: Tensor, along axis: Int = 0) -> Tensor {
    Ops.indexSelect(self, axis, indices)
  }

  /// One element per entry of `indices`, which gives its index along `axis`.
  public func gathered(at indices: Tensor, along axis: Int) -> Tensor {
    Ops.gather(self, axis, indices)
  }

  /// The elements at `positions` (int64, in row-major order), in the shape of `positions`.
  public func elements(at positions: Tensor) -> Tensor { Ops.take(self, positions) }

  /// Adds the rows of `source` to the rows at `indices`; repeated indices accumulate.
  public func addingRows(_ source: Tensor, at indices: Tensor, along axis: Int = 0) -> Tensor {
    withExtendedLifetime((self, source, indices)) {
      Ops.indexAdd.run([.init(self), .init(axis), .init(indices), .init(source)])
    }
  }

  /// The larger elements of each row and of the rows of `source` that have its index.
  func maximum(withRows source: Tensor, at indices: Tensor) -> Tensor {
    let places = indices.converted(to: .int64).expandingDimension(at: 1).expanded(to: source.shape)
    return Ops.scatterReduce(
      .tensor(self), .int(0), .tensor(places), .tensor(source), .string("amax"), .bool(true))
  }

  /// Adds `factor` times the rows of `source` to the rows at `indices`, in place.
  public func addRowsInPlace(
    _ source: Tensor, at indices: Tensor, along axis: Int = 0, factor: Double = 1
  ) {
    _ = withExtendedLifetime((self, source, indices)) {
      Ops.indexAddInPlace.run([
        .init(self), .init(axis), .init(indices), .init(source), .init(factor),
      ])
    }
  }

  /// A copy with `value` at the positions that `indices` give along `axis`.
  public func scattering(_ value: Double, at indices: Tensor, along axis: Int) -> Tensor {
    withExtendedLifetime((self, indices)) {
      Ops.scatterValue.run([.init(self), .init(axis), .init(indices), .init(value)])
    }
  }

  /// A copy with the elements of `source` added at the positions that `indices` give along `axis`.
  public func scatterAdding(_ source: Tensor, at indices: Tensor, along axis: Int) -> Tensor {
    withExtendedLifetime((self, source, indices)) {
      Ops.scatterAdd.run([.init(self), .init(axis), .init(indices), .init(source)])
    }
  }

  /// For each value, the number of smaller elements in the same row of this sorted tensor, as
  /// int64.
  ///
  /// - Parameters:
  ///   - values: of this tensor's shape in all axes but the last.
  ///   - countingEqual: whether to count elements equal to the value, too.
  /// - Precondition: the elements ascend along the last axis; this is not checked.
  public func countsBelow(_ values: Tensor, countingEqual: Bool = false) -> Tensor {
    Ops.searchSorted(.tensor(self), .tensor(values), .bool(false), .bool(countingEqual))
  }

  /// The elements where `mask` is true, as a vector.
  ///
  /// Waits for the device.
  public func elements(where mask: Tensor) -> Tensor { Ops.maskedSelect(self, mask) }

  /// The indices of the non-zero elements, one row each.
  ///
  /// Waits for the device.
  public func nonzero() -> Tensor { Ops.nonzero(self) }

  /// For each integer, a row of zeros with a 1 at that index: `[…]` → `[…, classes]`, int64.
  public func oneHot(classes: Int) -> Tensor { Ops.oneHot(self, classes) }

  private enum Ops {
    static let indexSelect = Op("aten::index_select")
    static let gather = Op("aten::gather")
    static let take = Op("aten::take")
    static let indexAdd = Op("aten::index_add")
    static let indexAddInPlace = Op("aten::index_add_")
    static let scatterReduce = Op("aten::scatter_reduce", "two")
    static let scatterValue = Op("aten::scatter", "value")
    static let scatterAdd = Op("aten::scatter_add")
    static let searchSorted = Op("aten::searchsorted", "Tensor")
    static let maskedSelect = Op("aten::masked_select")
    static let nonzero = Op("aten::nonzero")
    static let oneHot = Op("aten::one_hot")
  }
}

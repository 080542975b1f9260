extension Tensor {
  /// The rows (or slices along `axis`) at `indices`, an int64 vector.
  public func gathered(rows indices: Tensor, along axis: Int = 0) -> Tensor {
    Ops.indexSelect(self, axis, indices)
  }

  /// One element a position of `indices`: along `axis` the one it names, elsewhere its own place.
  public func gathered(at indices: Tensor, along axis: Int) -> Tensor {
    Ops.gather(self, axis, indices)
  }

  /// The elements at `positions` (int64), counted in row-major order, in the shape of `positions`.
  public func elements(at positions: Tensor) -> Tensor { Ops.take(self, positions) }

  /// Adds the rows of `source` to the rows at `indices`; a repeated index adds repeatedly.
  public func addingRows(_ source: Tensor, at indices: Tensor, along axis: Int = 0) -> Tensor {
    withExtendedLifetime((self, source, indices)) {
      Ops.indexAdd.run([.init(self), .init(axis), .init(indices), .init(source)])
    }
  }

  /// Like `addingRows`, in place, times `factor`.
  public func addRowsInPlace(
    _ source: Tensor, at indices: Tensor, along axis: Int = 0, factor: Double = 1
  ) {
    _ = withExtendedLifetime((self, source, indices)) {
      Ops.indexAddInPlace.run([
        .init(self), .init(axis), .init(indices), .init(source), .init(factor),
      ])
    }
  }

  /// `value` at each position that `indices` name along `axis`, the old elements elsewhere.
  public func scattering(_ value: Double, at indices: Tensor, along axis: Int) -> Tensor {
    withExtendedLifetime((self, indices)) {
      Ops.scatterValue.run([.init(self), .init(axis), .init(indices), .init(value)])
    }
  }

  /// The elements of `source` added at the positions that `indices` name along `axis`.
  public func scatterAdding(_ source: Tensor, at indices: Tensor, along axis: Int) -> Tensor {
    withExtendedLifetime((self, source, indices)) {
      Ops.scatterAdd.run([.init(self), .init(axis), .init(indices), .init(source)])
    }
  }

  /// For each value, how many elements of the same row of this rising tensor lie below it, as int64.
  ///
  /// - Parameters:
  ///   - values: equal to this tensor in all axes but the last.
  ///   - countingEqual: counts elements that equal the value, too.
  /// - Precondition: the elements rise along the last axis; it is not checked.
  public func countsBelow(_ values: Tensor, countingEqual: Bool = false) -> Tensor {
    Ops.searchSorted(.tensor(self), .tensor(values), .bool(false), .bool(countingEqual))
  }

  /// The elements where `mask` is true, as a vector.
  ///
  /// Waits for the device.
  public func elements(where mask: Tensor) -> Tensor { Ops.maskedSelect(self, mask) }

  /// The indices of the elements that are not 0, one row each.
  ///
  /// Waits for the device.
  public func nonzero() -> Tensor { Ops.nonzero(self) }

  /// A row of zeros with a 1 at the place each integer names: `[…]` → `[…, classes]`, int64.
  public func oneHot(classes: Int) -> Tensor { Ops.oneHot(self, classes) }

  private enum Ops {
    static let indexSelect = Op("aten::index_select")
    static let gather = Op("aten::gather")
    static let take = Op("aten::take")
    static let indexAdd = Op("aten::index_add")
    static let indexAddInPlace = Op("aten::index_add_")
    static let scatterValue = Op("aten::scatter", "value")
    static let scatterAdd = Op("aten::scatter_add")
    static let searchSorted = Op("aten::searchsorted", "Tensor")
    static let maskedSelect = Op("aten::masked_select")
    static let nonzero = Op("aten::nonzero")
    static let oneHot = Op("aten::one_hot")
  }
}

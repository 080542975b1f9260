// Comparisons return a tensor of truth values, element by element, with broadcasting. They are
// named methods so that `==` keeps its meaning in Swift.

extension Tensor {
  /// Whether each pair of elements is equal.
  public func isEqual(to other: Tensor) -> Tensor { Ops.equal(self, other) }
  /// Whether each element equals `value`.
  public func isEqual(to value: Double) -> Tensor { Ops.equalScalar(self, value) }
  /// Whether each element is greater than the other tensor's.
  public func isGreater(than other: Tensor) -> Tensor { Ops.greater(self, other) }
  /// Whether each element is greater than `value`.
  public func isGreater(than value: Double) -> Tensor { Ops.greaterScalar(self, value) }
  /// Whether each element is less than the other tensor's.
  public func isLess(than other: Tensor) -> Tensor { Ops.less(self, other) }
  /// Whether each element is less than `value`.
  public func isLess(than value: Double) -> Tensor { Ops.lessScalar(self, value) }
  /// Whether each element is neither infinite nor NaN.
  public func isFinite() -> Tensor { Ops.finite(self) }
  /// Negates each truth value.
  public func logicalNot() -> Tensor { Ops.not(self) }
  /// Whether both elements are true.
  public func logicalAnd(_ other: Tensor) -> Tensor { Ops.and(self, other) }
  /// Whether either element is true.
  public func logicalOr(_ other: Tensor) -> Tensor { Ops.or(self, other) }

  /// The elements of `self` where `condition` is false, those of `other` elsewhere.
  public func replacing(where condition: Tensor, with other: Tensor) -> Tensor {
    Ops.select(condition, other, self)
  }

  /// `value` where `condition` is true, the element elsewhere.
  public func replacing(where condition: Tensor, with value: Double) -> Tensor {
    withExtendedLifetime((self, condition)) {
      Ops.maskedFill.run([.init(self), .init(condition), .init(value)])
    }
  }

  /// Whether every element is true (or not 0).
  ///
  /// Waits for the device.
  public func allTrue() -> Bool { Ops.all(self).integer != 0 }

  /// Whether any element is true (or not 0).
  ///
  /// Waits for the device.
  public func anyTrue() -> Bool { Ops.any(self).integer != 0 }

  /// Whether no element is infinite or NaN; true if there are no elements.
  ///
  /// Reads the elements once and allocates no tensor of their size. Waits for the device.
  public var isAllFinite: Bool {
    guard dtype.isFloatingPoint, elementCount > 0 else { return true }
    // The minimum and the maximum are NaN if any element is.
    return Ops.min(self).scalar.isFinite && Ops.max(self).scalar.isFinite
  }

  /// Whether shapes, dtypes and all elements are equal; NaN equals nothing.
  public func isIdentical(to other: Tensor) -> Bool {
    shape == other.shape && dtype == other.dtype && isEqual(to: other).allTrue()
  }

  private enum Ops {
    static let equal = Op("aten::eq", "Tensor")
    static let equalScalar = Op("aten::eq", "Scalar")
    static let greater = Op("aten::gt", "Tensor")
    static let greaterScalar = Op("aten::gt", "Scalar")
    static let less = Op("aten::lt", "Tensor")
    static let lessScalar = Op("aten::lt", "Scalar")
    static let finite = Op("aten::isfinite")
    static let min = Op("aten::min")
    static let max = Op("aten::max")
    static let not = Op("aten::logical_not")
    static let and = Op("aten::logical_and")
    static let or = Op("aten::logical_or")
    static let select = Op("aten::where", "self")
    static let maskedFill = Op("aten::masked_fill", "Scalar")
    static let all = Op("aten::all")
    static let any = Op("aten::any")
  }
}

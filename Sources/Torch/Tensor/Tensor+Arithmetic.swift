// Operators between tensors broadcast as in libtorch: axes of length 1 are expanded.

extension Tensor {
  /// Adds element by element.
  public static func + (left: Tensor, right: Tensor) -> Tensor { Ops.add(left, right) }
  /// Adds a number to each element.
  public static func + (left: Tensor, right: Double) -> Tensor { Ops.add(left, right) }
  /// Adds a number to each element.
  public static func + (left: Double, right: Tensor) -> Tensor { Ops.add(right, left) }
  /// Subtracts element by element.
  public static func - (left: Tensor, right: Tensor) -> Tensor { Ops.subtract(left, right) }
  /// Subtracts a number from each element.
  public static func - (left: Tensor, right: Double) -> Tensor { Ops.subtract(left, right) }
  /// Subtracts each element from a number.
  public static func - (left: Double, right: Tensor) -> Tensor { Ops.reverseSubtract(right, left) }
  /// Multiplies element by element.
  public static func * (left: Tensor, right: Tensor) -> Tensor { Ops.multiply(left, right) }
  /// Multiplies each element by a number.
  public static func * (left: Tensor, right: Double) -> Tensor { Ops.multiply(left, right) }
  /// Multiplies each element by a number.
  public static func * (left: Double, right: Tensor) -> Tensor { Ops.multiply(right, left) }
  /// Divides element by element; integers are converted to real numbers.
  public static func / (left: Tensor, right: Tensor) -> Tensor { Ops.divide(left, right) }
  /// Divides each element by a number.
  public static func / (left: Tensor, right: Double) -> Tensor { Ops.divide(left, right) }
  /// Divides a number by each element.
  public static func / (left: Double, right: Tensor) -> Tensor { Ops.reciprocal(right) * left }
  /// Negates each element.
  public static prefix func - (operand: Tensor) -> Tensor { Ops.negate(operand) }

  /// Adds `factor · other` in place.
  public func addInPlace(_ other: Tensor, factor: Double = 1) {
    _ = withExtendedLifetime((self, other)) {
      Ops.addInPlace.run([.init(self), .init(other), .init(factor)])
    }
  }

  /// Subtracts `other` in place.
  public func subtractInPlace(_ other: Tensor) { _ = Ops.subtractInPlace(self, other) }

  /// Multiplies in place, element by element.
  public func multiplyInPlace(by other: Tensor) { _ = Ops.multiplyInPlace(self, other) }

  /// Multiplies each element by a number in place.
  public func multiplyInPlace(by factor: Double) { _ = Ops.multiplyInPlace(self, factor) }

  /// Replaces the elements with those of `other`, converted if dtypes differ.
  public func copyInPlace(from other: Tensor) { _ = Ops.copyInPlace(self, other) }

  /// Replaces every element with `value`.
  public func fillInPlace(_ value: Double) { _ = Ops.fillInPlace(self, value) }

  /// The element-wise maximum; NaN if either element is NaN.
  public func maximum(_ other: Tensor) -> Tensor { Ops.maximum(self, other) }

  /// The element-wise minimum; NaN if either element is NaN.
  public func minimum(_ other: Tensor) -> Tensor { Ops.minimum(self, other) }

  /// Clamps each element to `lower` … `upper`.
  public func clamped(from lower: Double? = nil, to upper: Double? = nil) -> Tensor {
    Ops.clamp(
      .tensor(self), lower.map { .double($0) } ?? .none, upper.map { .double($0) } ?? .none)
  }

  /// Each element raised to `exponent`.
  public func power(_ exponent: Double) -> Tensor { Ops.power(self, exponent) }

  private enum Ops {
    static let add = Op("aten::add", "Tensor")
    static let subtract = Op("aten::sub", "Tensor")
    static let reverseSubtract = Op("aten::rsub", "Tensor")
    static let multiply = Op("aten::mul", "Tensor")
    static let divide = Op("aten::div", "Tensor")
    static let reciprocal = Op("aten::reciprocal")
    static let negate = Op("aten::neg")
    static let addInPlace = Op("aten::add_", "Tensor")
    static let subtractInPlace = Op("aten::sub_", "Tensor")
    static let multiplyInPlace = Op("aten::mul_", "Tensor")
    static let copyInPlace = Op("aten::copy_")
    static let fillInPlace = Op("aten::fill_", "Scalar")
    static let maximum = Op("aten::maximum")
    static let minimum = Op("aten::minimum")
    static let clamp = Op("aten::clamp")
    static let power = Op("aten::pow", "Tensor_Scalar")
  }
}

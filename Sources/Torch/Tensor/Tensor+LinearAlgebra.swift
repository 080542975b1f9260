extension Tensor {
  /// The matrix product; additional leading axes are batches and broadcast.
  public func matmul(_ other: Tensor) -> Tensor { Ops.matmul(self, other) }

  /// `scale · self · other + bias`, for matrices; `bias` broadcasts.
  public func matmul(_ other: Tensor, adding bias: Tensor, scale: Double = 1) -> Tensor {
    withExtendedLifetime((self, other, bias)) {
      Ops.addmm.run([
        .init(bias), .init(self), .init(other), .init(1.0), .init(scale),
      ])
    }
  }

  /// Writes `scale · left · right` to `self`, plus `keep` times the old elements.
  ///
  /// - Precondition: this is a matrix of the product's shape whose rows have unit stride; it is not
  ///   recorded for gradients.
  public func setToProduct(
    _ left: Tensor, _ right: Tensor, scale: Double = 1, keeping keep: Double = 0
  ) {
    _ = withExtendedLifetime((self, left, right)) {
      Ops.addmmOut.run([
        .init(self), .init(left), .init(right), .init(keep), .init(scale), .init(self),
      ])
    }
  }

  /// Normalises rows to unit length along `axis`; a row shorter than `epsilon` is divided by it.
  public func normalized(along axis: Int = -1, epsilon: Double = 1e-12) -> Tensor {
    self / norm(along: axis, keepingDimensions: true).clamped(from: epsilon)
  }

  /// The Euclidean distances between rows: `[N, D]` and `[M, D]` → `[N, M]`, differentiable once.
  ///
  /// The gradient at distance 0 is 0. Above 25 rows libtorch computes distances from products,
  /// which costs about half of the digits for close rows.
  public func distances(to other: Tensor) -> Tensor {
    Ops.cdist(.tensor(self), .tensor(other), .double(2), nil)
  }

  /// The logarithm of a square matrix's determinant; not a number if that is negative.
  public func logDeterminant() -> Tensor { Ops.logdet(self) }

  private enum Ops {
    static let logdet = Op("aten::logdet")
    static let cdist = Op("aten::cdist")
    static let matmul = Op("aten::matmul")
    static let addmm = Op("aten::addmm")
    static let addmmOut = Op("aten::addmm", "out")
  }
}

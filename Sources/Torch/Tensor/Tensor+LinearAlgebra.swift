extension Tensor {
  /// The matrix product; further axes in front are batches and broadcast.
  public func matmul(_ other: Tensor) -> Tensor { Ops.matmul(self, other) }

  /// `scale · self · other + bias`, for matrices; `bias` broadcasts.
  public func matmul(_ other: Tensor, adding bias: Tensor, scale: Double = 1) -> Tensor {
    withExtendedLifetime((self, other, bias)) {
      Ops.addmm.run([
        .init(bias), .init(self), .init(other), .init(1.0), .init(scale),
      ])
    }
  }

  /// Writes `scale · left · right` into `self`, plus `keep` times what was there.
  ///
  /// - Precondition: a matrix whose rows have unit stride, of the product's shape; nothing here is
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

  /// Rows scaled to unit length along `axis`; a row shorter than `epsilon` is divided by it.
  public func normalized(along axis: Int = -1, epsilon: Double = 1e-12) -> Tensor {
    self / norm(along: axis, keepingDimensions: true).clamped(from: epsilon)
  }

  /// The Euclidean distances between rows: `[N, D]` and `[M, D]` → `[N, M]`, differentiable once.
  ///
  /// The gradient at distance 0 is 0. Above 25 rows libtorch takes them from products, which for
  /// close rows costs about half of the digits.
  public func distances(to other: Tensor) -> Tensor {
    Ops.cdist(.tensor(self), .tensor(other), .double(2), nil)
  }

  private enum Ops {
    static let cdist = Op("aten::cdist")
    static let matmul = Op("aten::matmul")
    static let addmm = Op("aten::addmm")
    static let addmmOut = Op("aten::addmm", "out")
  }
}

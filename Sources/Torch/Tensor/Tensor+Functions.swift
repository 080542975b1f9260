extension Tensor {
  /// e to the power of each element.
  public func exp() -> Tensor { Ops.exp(self) }
  /// e^x − 1, accurate for small x.
  public func expMinusOne() -> Tensor { Ops.expm1(self) }
  /// The natural logarithm.
  public func log() -> Tensor { Ops.log(self) }
  /// log(1 + x), accurate for small x.
  public func logOnePlus() -> Tensor { Ops.log1p(self) }
  /// The square root.
  public func squareRoot() -> Tensor { Ops.sqrt(self) }
  /// The reciprocal of the square root.
  public func reciprocalSquareRoot() -> Tensor { Ops.rsqrt(self) }
  /// The square.
  public func squared() -> Tensor { Ops.square(self) }
  /// The absolute value.
  public func magnitude() -> Tensor { Ops.abs(self) }
  /// The sign: −1, 0 or 1.
  public func sign() -> Tensor { Ops.sign(self) }
  /// The sine of an angle in radians.
  public func sine() -> Tensor { Ops.sin(self) }
  /// The cosine of an angle in radians.
  public func cosine() -> Tensor { Ops.cos(self) }
  /// The arctangent, in radians between −π / 2 and π / 2.
  public func arctangent() -> Tensor { Ops.atan(self) }
  /// The hyperbolic tangent.
  public func tanh() -> Tensor { Ops.tanh(self) }
  /// 1 / (1 + e^−x).
  public func sigmoid() -> Tensor { Ops.sigmoid(self) }
  /// log sigmoid(x), finite for every x.
  public func logSigmoid() -> Tensor { Ops.logSigmoid(self) }
  /// log(1 + e^x).
  ///
  /// Above libtorch's threshold of 20 it returns x, which is less than 3e-9 below the exact value.
  public func softplus() -> Tensor { Ops.softplus(self) }
  /// max(x, 0).
  public func relu() -> Tensor { Ops.relu(self) }

  /// x for x > 0, and `slope` · x elsewhere.
  public func leakyReLU(slope: Double) -> Tensor { Ops.leakyReLU(.tensor(self), .double(slope)) }

  /// x for x > 0, and eˣ − 1 elsewhere.
  public func elu() -> Tensor { Ops.elu(self) }
  /// x Φ(x) with the normal distribution Φ, exactly (not the tanh approximation).
  public func gelu() -> Tensor { Ops.gelu(self) }
  /// x sigmoid(x).
  public func silu() -> Tensor { Ops.silu(self) }
  /// The error function.
  public func errorFunction() -> Tensor { Ops.erf(self) }
  /// The largest integer not above x.
  public func floor() -> Tensor { Ops.floor(self) }
  /// The nearest integer; halves round to even.
  public func rounded() -> Tensor { Ops.round(self) }

  /// e^x, normalised to sum to 1 along `axis`.
  public func softmax(along axis: Int) -> Tensor { Ops.softmax(self, axis) }
  /// The logarithm of `softmax`, without underflow.
  public func logSoftmax(along axis: Int) -> Tensor { Ops.logSoftmax(self, axis) }

  private enum Ops {
    static let exp = Op("aten::exp")
    static let expm1 = Op("aten::expm1")
    static let log = Op("aten::log")
    static let log1p = Op("aten::log1p")
    static let sqrt = Op("aten::sqrt")
    static let rsqrt = Op("aten::rsqrt")
    static let square = Op("aten::square")
    static let abs = Op("aten::abs")
    static let sign = Op("aten::sign")
    static let sin = Op("aten::sin")
    static let cos = Op("aten::cos")
    static let atan = Op("aten::atan")
    static let tanh = Op("aten::tanh")
    static let sigmoid = Op("aten::sigmoid")
    static let logSigmoid = Op("aten::log_sigmoid")
    static let softplus = Op("aten::softplus")
    static let relu = Op("aten::relu")
    static let leakyReLU = Op("aten::leaky_relu")
    static let elu = Op("aten::elu")
    static let gelu = Op("aten::gelu")
    static let silu = Op("aten::silu")
    static let erf = Op("aten::erf")
    static let floor = Op("aten::floor")
    static let round = Op("aten::round")
    static let softmax = Op("aten::softmax", "int")
    static let logSoftmax = Op("aten::log_softmax", "int")
  }
}

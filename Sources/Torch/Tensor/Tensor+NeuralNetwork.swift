extension Tensor {
  /// The cross entropy of each example against its class: −log softmax(self)[class].
  ///
  /// - Parameters:
  ///   - classes: `[N]` int64 for logits `[N, C]`.
  ///   - labelSmoothing: the share of the target that is spread evenly over all classes.
  /// - Returns: `[N]`, in nats.
  public func crossEntropies(ofClasses classes: Tensor, labelSmoothing: Double = 0) -> Tensor {
    crossEntropy(classes, reduction: 0, labelSmoothing)
  }

  /// The mean of `crossEntropies` over the examples, in nats.
  public func crossEntropy(ofClasses classes: Tensor, labelSmoothing: Double = 0) -> Tensor {
    crossEntropy(classes, reduction: 1, labelSmoothing)
  }

  private func crossEntropy(_ classes: Tensor, reduction: Int, _ smoothing: Double) -> Tensor {
    // −100 is libtorch's default for the class of examples to be left out.
    withExtendedLifetime((self, classes)) {
      Ops.crossEntropy.run([
        .init(self), .init(classes), .none, .init(reduction), .init(-100), .init(smoothing),
      ])
    }
  }

  /// The mean of the squared differences of two tensors of one shape, which need not be kept for its
  /// gradient.
  public func meanSquaredDifference(from other: Tensor) -> Tensor {
    Ops.meanSquaredError(.tensor(self), .tensor(other), .int(1))
  }

  /// Vectors along the last axis, shifted to mean 0 and scaled to variance 1, then `· weight + bias`.
  ///
  /// - Parameters:
  ///   - weight: `[D]`, or nil for 1.
  ///   - bias: `[D]`, or nil for 0.
  ///   - epsilon: what is added to the variance before its root.
  public func layerNormalized(
    weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
  ) -> Tensor {
    Ops.layerNorm(
      .tensor(self), .ints([size(along: -1)]), .optional(weight), .optional(bias),
      .double(epsilon))
  }

  /// The rows of this table at `indices` (int64): `[V, D]` and `[…]` → `[…, D]`.
  public func embedded(_ indices: Tensor) -> Tensor { Ops.embedding(self, indices) }

  /// Each element set to 0 with `probability`, the others divided by 1 − `probability`.
  ///
  /// - Precondition: `probability` lies in 0 … 1.
  public func droppedOut(_ probability: Double, generator: Generator) -> Tensor {
    precondition(probability >= 0 && probability <= 1, "a probability of \(probability)")
    if probability == 0 { return self }
    let kept = Tensor.zeros(like: self).bernoulli(1 - probability, generator: generator)
    // Where everything is dropped, the scale would be infinite.
    return probability == 1 ? self * kept : self * (kept * (1 / (1 - probability)))
  }

  private enum Ops {
    static let crossEntropy = Op("aten::cross_entropy_loss")
    static let meanSquaredError = Op("aten::mse_loss")
    static let layerNorm = Op("aten::layer_norm")
    static let embedding = Op("aten::embedding")
  }
}

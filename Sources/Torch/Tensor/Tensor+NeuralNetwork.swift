extension Tensor {
  /// The cross entropy of each example against its class: −log softmax(self)[class].
  ///
  /// - Parameters:
  ///   - classes: `[N]` int64 for logits `[N, C]`.
  ///   - labelSmoothing: the fraction of the target that is spread evenly over all classes.
  /// - Returns: `[N]`, in nats.
  public func crossEntropies(ofClasses classes: Tensor, labelSmoothing: Double = 0) -> Tensor {
    crossEntropy(classes, reduction: 0, labelSmoothing)
  }

  /// The mean of `crossEntropies` over the examples, in nats.
  public func crossEntropy(ofClasses classes: Tensor, labelSmoothing: Double = 0) -> Tensor {
    crossEntropy(classes, reduction: 1, labelSmoothing)
  }

  private func crossEntropy(_ classes: Tensor, reduction: Int, _ smoothing: Double) -> Tensor {
    // −100 is libtorch's default class index for ignored examples.
    withExtendedLifetime((self, classes)) {
      Ops.crossEntropy.run([
        .init(self), .init(classes), .none, .init(reduction), .init(-100), .init(smoothing),
      ])
    }
  }

  /// The mean squared difference of two tensors of the same shape, neither of which is saved for
  /// the gradient.
  public func meanSquaredDifference(from other: Tensor) -> Tensor {
    Ops.meanSquaredError(.tensor(self), .tensor(other), .int(1))
  }

  /// Normalises vectors along the last axis to mean 0 and variance 1, then computes `· weight +
  /// bias`.
  ///
  /// - Parameters:
  ///   - weight: `[D]`, or nil for 1.
  ///   - bias: `[D]`, or nil for 0.
  ///   - epsilon: added to the variance before taking the root.
  public func layerNormalized(
    weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
  ) -> Tensor {
    Ops.layerNorm(
      .tensor(self), .ints([size(along: -1)]), .optional(weight), .optional(bias),
      .double(epsilon))
  }

  /// The rows of this table at `indices` (int64): `[V, D]` and `[…]` → `[…, D]`.
  public func embedded(_ indices: Tensor) -> Tensor { Ops.embedding(self, indices) }

  /// A copy with each element zeroed with `probability`, and the others divided by 1 −
  /// `probability`.
  ///
  /// - Precondition: `probability` lies in 0 … 1.
  public func droppedOut(_ probability: Double, generator: Generator) -> Tensor {
    precondition(probability >= 0 && probability <= 1, "a probability of \(probability)")
    if probability == 0 { return self }
    let kept = Tensor.zeros(like: self).bernoulli(1 - probability, generator: generator)
    // If everything is dropped, the scale would be infinite.
    return probability == 1 ? self * kept : self * (kept * (1 / (1 - probability)))
  }

  private enum Ops {
    static let crossEntropy = Op("aten::cross_entropy_loss")
    static let meanSquaredError = Op("aten::mse_loss")
    static let layerNorm = Op("aten::layer_norm")
    static let embedding = Op("aten::embedding")
  }
}

public import Torch

/// Logistic regression on frozen embeddings: measures how linearly separable their classes are.
///
/// With weights W, `[D, C]`, and biases b, found by L-BFGS over all rows at once:
///
///     L = Σᵢ (log Σ_c exp(xᵢ · w_c + b_c) − xᵢ · w_{cᵢ} − b_{cᵢ}) + (α / 2) Σ W²
///
/// - Paper: Kornblith, Shlens, Le. Do Better ImageNet Models Transfer Better? CVPR 2019, appendix
///   A.3, the fixed-feature protocol. <https://arxiv.org/abs/1805.08974>
/// - Units: scores are logits; α is weighed against the sum over rows, scikit-learn's C is 1 / α.
/// - Departures: α is given, while the paper selects it on a validation set. The biases are not
///   penalised, as in scikit-learn. Two classes have one column of W each, as for more classes;
///   scikit-learn has one for both, so that its C is 2 / α. A class that does not occur has score
///   −∞.
public struct LinearProbe: EmbeddingProbe {
  /// The weight α > 0 of the penalty; scikit-learn's 1.
  public var penalty: Double
  /// The most steps of the optimiser; 1000 as in Zheng and others, ICML 2023.
  public var iterations: Int
  /// The largest gradient element, averaged over rows, at which the optimiser stops; our choice.
  public var tolerance: Double

  /// Creates the probe.
  public init(penalty: Double = 1, iterations: Int = 1000, tolerance: Double = 1e-6) {
    self.penalty = penalty
    self.iterations = iterations
    self.tolerance = tolerance
  }

  /// Fits the weights to `[N, D]`, in double precision.
  ///
  /// - Precondition: α > 0.
  /// - Complexity: O(steps · N · D · C) time, O(N (D + C)) memory.
  public func fitted(to embeddings: Tensor, classes: [Int]) throws -> any EmbeddingClassifier {
    precondition(penalty > 0, "the penalty \(penalty) is not positive")
    let index = try ClassIndex(classes, of: embeddings)
    return try withoutGradients {
      let (rows, width) = (embeddings.size(along: 0), embeddings.size(along: 1) + 1)
      let values = Self.extended(embeddings)
      let truth = Tensor(index.places).oneHot(classes: index.present.count)
        .converted(to: .float64)
      // W is penalised, b is not.
      let penalties = Tensor.full([width, 1], penalty / Double(rows), dtype: .float64)
      penalties[width - 1].fillInPlace(0)
      let search = LimitedMemoryBFGS(iterations: iterations, tolerance: tolerance)
      let start = Tensor.zeros([width * index.present.count], dtype: .float64)
      let best = try search.minimum(from: start) { point in
        let weights = point.reshaped([width, index.present.count])
        let logarithms = values.matmul(weights).logSoftmax(along: 1)
        let penalised = penalties * weights
        let value =
          0.5 * (penalised * weights).sum().scalar
          - (logarithms * truth).sum().scalar / Double(rows)
        let slopes = values.transposed().matmul(logarithms.exp() - truth) / Double(rows)
        return (value, (slopes + penalised).reshaped([-1]))
      }
      return Fitted(weights: best.reshaped([width, index.present.count]), index: index)
    }
  }

  /// `[N, D + 1]`: the embeddings with a column of ones for the bias.
  private static func extended(_ embeddings: Tensor) -> Tensor {
    let ones = Tensor.ones([embeddings.size(along: 0), 1], dtype: .float64)
    return .concatenated([embeddings.converted(to: .float64), ones], along: 1)
  }

  private struct Fitted: EmbeddingClassifier {
    /// `[D + 1, classes that occur]`; the last row is the bias.
    let weights: Tensor
    let index: ClassIndex
    var classCount: Int { index.classCount }

    func scores(of embeddings: Tensor) throws -> Tensor {
      try ClassIndex.check(embeddings, width: weights.size(along: 0) - 1)
      return withoutGradients {
        index.spread(LinearProbe.extended(embeddings).matmul(weights))
      }
    }
  }
}

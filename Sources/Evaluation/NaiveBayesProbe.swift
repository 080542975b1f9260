import Foundation
public import Torch

/// Gaussian naive Bayes on frozen embeddings: the generative counterpart of `LinearProbe`.
///
/// It approaches its best accuracy with fewer examples than logistic regression, but that may be
/// lower. With N_c the rows of class c, μ_c and v_c their mean and variance along each axis d:
///
///     score(c) = log(N_c / N) − ½ Σ_d (log 2π(v_cd + ε) + (x_d − μ_cd)² / (v_cd + ε))
///
/// where ε is `smoothing` times the largest variance of an axis over all rows. With pooled
/// variances all classes share Σ_c (N_c / N) v_c, which makes the classifier linear.
///
/// - Paper: Zheng, Wu, Bao, Cao, Li, Zhu. Revisiting Discriminative vs. Generative Classifiers:
///   Theory and Implications. ICML 2023. <https://arxiv.org/abs/2302.02334>
/// - Units: scores are log-densities in nats, joint with the class.
/// - Departures: formula and pooled variances are those of the authors' code. It adds 1e-9 to each
///   variance, while this uses scikit-learn's ε, which scales with the embeddings. A class that
///   does not occur has score −∞.
/// - Degenerate: if nothing varies along any axis, ε is `smoothing` itself.
public struct NaiveBayesProbe: EmbeddingProbe {
  /// The two kinds of variances.
  public enum Variances: String, Codable, Hashable, Sendable, CaseIterable {
    /// Shared by all classes, as in the paper: a linear classifier.
    case pooled
    /// Per class, as in scikit-learn: a quadratic classifier.
    case perClass
  }

  /// The kind of variances.
  public var variances: Variances
  /// The fraction of the largest variance that is added to all, > 0; scikit-learn's 1e-9.
  public var smoothing: Double

  /// Creates the probe.
  public init(variances: Variances = .pooled, smoothing: Double = 1e-9) {
    self.variances = variances
    self.smoothing = smoothing
  }

  /// Computes the means and variances of `[N, D]`, in double precision.
  ///
  /// - Precondition: the smoothing is positive.
  /// - Complexity: O(N · (D + C)) time and memory.
  public func fitted(to embeddings: Tensor, classes: [Int]) throws -> any EmbeddingClassifier {
    precondition(smoothing > 0, "the smoothing \(smoothing) is not positive")
    let index = try ClassIndex(classes, of: embeddings)
    return withoutGradients {
      let values = embeddings.converted(to: .float64)
      let classCount = index.present.count
      let places = Tensor(index.places)
      let nothing = Tensor.zeros([classCount, values.size(along: 1)], dtype: .float64)
      let counts = places.oneHot(classes: classCount).converted(to: .float64).sum(along: 0)
      let column = counts.expandingDimension(at: 1)
      let means = nothing.addingRows(values, at: places) / column
      let deviations = values - means.gathered(rows: places)
      let squares = nothing.addingRows(deviations * deviations, at: places)
      let total = values.variance(along: 0, correction: 0)
      let largest = total.elementCount == 0 ? 0 : total.maximum().scalar
      let epsilon = largest > 0 ? smoothing * largest : smoothing
      let spread =
        switch variances {
        case .pooled:
          (squares.sum(along: 0, keepingDimensions: true) / Double(classes.count))
            .expanded(to: nothing.shape)
        case .perClass: squares / column
        }
      return Fitted(
        logPriors: (counts / Double(classes.count)).log(), means: means,
        variances: spread + epsilon, index: index)
    }
  }

  private struct Fitted: EmbeddingClassifier {
    let logPriors: Tensor
    /// `[classes that occur, D]`.
    let means: Tensor
    let variances: Tensor
    let index: ClassIndex
    var classCount: Int { index.classCount }

    func scores(of embeddings: Tensor) throws -> Tensor {
      try ClassIndex.check(embeddings, width: means.size(along: 1))
      return withoutGradients {
        let values = embeddings.converted(to: .float64)
        // Class by class: a product of three matrices would lose digits if means are large.
        let columns = index.present.indices.map { place in
          let deviations = values - means[place]
          let constant = (2 * Double.pi * variances[place]).log().sum()
          return logPriors[place]
            - 0.5 * ((deviations * deviations / variances[place]).sum(along: 1) + constant)
        }
        return index.spread(.stacked(columns, along: 1))
      }
    }
  }
}

public import Storage
public import Torch

/// Calibrates the embeddings of noisy, long-tailed classes: a normal distribution for each class,
/// estimated without outliers, which balances the classes by further draws.
///
/// Embeddings come from unsupervised contrastive learning, which sees no labels. For a class c:
///
///     K_c = its rows with a local outlier factor of at most θ among the class's rows
///     μ_c, S_c = mean and covariance of K_c
///     head: |K_c| ≥ mean over classes of |K|, or else tail
///
/// A tail class t borrows the shape of its q nearest head classes h, which have more rows to tell:
///
///     w_h ∝ |K_h| / ‖μ_h − μ_t‖²        a = |K_t| / (|K_t| + κ)
///     Σ_t = a S_t + (1 − a) Σ_h w_h S_h
///
/// All get α on the diagonal. Draws from N(μ_c, Σ_c) fill a class up to the size of the largest.
///
/// - Paper: Zhang, Zhao, Yao, Yuan, Huang. When Noisy Labels Meet Long Tail Dilemmas: A Representation
///   Calibration Method. ICCV 2023. <https://arxiv.org/abs/2211.10955>
/// - Gradient: none; a classifier is trained on the result.
/// - Units: those of embeddings; κ in rows.
/// - Departures: neither the text of the paper nor code was available. Robust estimates, normal
///   distributions and further draws follow the abstract; the outlier test, the weights and all
///   defaults are ours. The restriction of fine-tuned embeddings to the contrastive ones is left out.
public struct RCAL: Codable, Hashable, Sendable {
  /// k of the local outlier factor.
  public var neighbours: Int
  /// θ ≥ 1; the default is scikit-learn's.
  public var outlierFactor: Double
  /// q, the number of head classes whose shape a tail class borrows.
  public var donors: Int
  /// κ ≥ 0, the number of rows at which borrowed and own shape count the same.
  public var borrowing: Double
  /// α ≥ 0, added to variances.
  public var ridge: Double

  /// Creates the calibration.
  public init(
    neighbours: Int = 20, outlierFactor: Double = 1.5, donors: Int = 3, borrowing: Double = 50,
    ridge: Double = 1e-4
  ) {
    self.neighbours = neighbours
    self.outlierFactor = outlierFactor
    self.donors = donors
    self.borrowing = borrowing
    self.ridge = ridge
  }

  /// The rows that are kept, and the distributions of the classes.
  public struct Estimate: Codable, Hashable, Sendable {
    /// The rows without outliers, ascending.
    public var kept: [Int]
    /// The distribution of each class; nil for a class without rows.
    public var gaussians: [ClassGaussian?]

    /// Creates an estimate.
    public init(kept: [Int], gaussians: [ClassGaussian?]) {
      self.kept = kept
      self.gaussians = gaussians
    }

    /// Draws the rows that each class lacks to the size of the largest.
    ///
    /// - Returns: embeddings and their classes.
    public func draws(using random: inout SplitMix64) -> (embeddings: [[Double]], classes: [Int]) {
      let largest = gaussians.compactMap { $0?.count }.max() ?? 0
      var result: (embeddings: [[Double]], classes: [Int]) = ([], [])
      for case (let name, .some(let gaussian)) in gaussians.enumerated() {
        let missing = largest - gaussian.count
        result.embeddings += gaussian.draws(missing, using: &random)
        result.classes += [Int](repeating: name, count: missing)
      }
      return result
    }
  }

  /// Estimates the distributions.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - classes: the given class of each row, from 0.
  ///   - classCount: the number of classes C.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class below C per row; k, q > 0.
  /// - Complexity: O(Σ_c n_c² + N · D²) time for n_c rows of a class.
  public func callAsFunction(
    embeddings: Tensor, classes: [Int], classCount: Int
  ) throws -> Estimate {
    precondition(
      embeddings.dimensionCount == 2 && embeddings.size(along: 0) == classes.count
        && classes.allSatisfy((0..<classCount).contains),
      "embeddings of shape \(embeddings.shape) with \(classes.count) of \(classCount) classes")
    precondition(neighbours > 0 && donors > 0, "\(neighbours) neighbours, \(donors) donors")
    let width = embeddings.size(along: 1)
    let numbers = embeddings.doubles()
    var estimate = Estimate(kept: [], gaussians: [])
    for name in 0..<classCount {
      let rows = classes.indices.filter { classes[$0] == name }
      let factors = try LocalOutlierFactor(neighbours: neighbours)(
        embeddings.gathered(rows: Tensor(rows).moved(to: embeddings.device)).moved(to: .cpu))
      let kept = zip(rows, factors).filter { $0.1 <= outlierFactor }.map(\.0)
      estimate.kept += kept
      estimate.gaussians.append(
        kept.isEmpty
          ? nil
          : ClassGaussian(of: kept.map { Array(numbers[$0 * width..<($0 + 1) * width]) }))
    }
    estimate.kept.sort()
    estimate.gaussians = calibrated(estimate.gaussians)
    return estimate
  }

  private func calibrated(_ gaussians: [ClassGaussian?]) -> [ClassGaussian?] {
    let counts = gaussians.compactMap { $0?.count }
    let mean = Double(counts.reduce(0, +)) / Double(max(1, counts.count))
    let heads = gaussians.compactMap { $0 }.filter { Double($0.count) >= mean }
    return gaussians.map { gaussian in
      guard var result = gaussian else { return nil }
      if Double(result.count) < mean { result.covariance = shape(of: result, heads: heads) }
      for axis in result.mean.indices { result.covariance[axis][axis] += ridge }
      return result
    }
  }

  /// The covariance of a tail class, with that of its nearest heads.
  private func shape(of tail: ClassGaussian, heads: [ClassGaussian]) -> [[Double]] {
    let near = heads.map { head in
      (head, distance: zip(head.mean, tail.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) })
    }.sorted { $0.distance < $1.distance }.prefix(donors)
    let weights = near.map { Double($0.0.count) / max($0.distance, 1e-12) }
    let total = weights.reduce(0, +)
    let share = Double(tail.count) / (Double(tail.count) + borrowing)
    return tail.mean.indices.map { i in
      tail.mean.indices.map { j in
        let borrowed = zip(near, weights).reduce(0) {
          $0 + $1.1 / total * $1.0.0.covariance[i][j]
        }
        return share * tail.covariance[i][j] + (1 - share) * borrowed
      }
    }
  }
}

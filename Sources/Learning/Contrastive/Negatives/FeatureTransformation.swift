import Kernels
public import Storage
public import Torch

/// Makes positives harder by extrapolating them apart and negatives more diverse by mixing them.
///
/// Works on embeddings, after the encoder. With q a query, k its key, nⱼ the negatives and π a
/// random permutation of them, λ from Beta(α, α) + 1 and μ from Beta(β, β), one of each per batch:
///
///     q′  = λ q + (1 − λ) k,    k′ = λ k + (1 − λ) q        extrapolation
///     nⱼ′ = μ nⱼ + (1 − μ) nπ₍ⱼ₎                            interpolation
///
/// Since λ > 1, a positive's score decreases: q′ · k′ = q · k − 2 λ (λ − 1) (1 − q · k). The loss
/// also scores the negatives against q′.
///
/// - Paper: Zhu, Zhao, Liu, Kang, Lin, Xu, Lu, Sun. Improving Contrastive Learning by Visualizing
///   Feature Transformation. ICCV 2021. <https://arxiv.org/abs/2108.02982>
/// - Gradient: reaches the queries, through q′ and k′. Keys and negatives are constants.
/// - Units: q′ and k′ are longer than 1, mixed negatives shorter, unless scaled to unit length.
/// - Departures: none from the authors' code, class `RGBMoCo_dropmix_norm`, with its README's
///   options; one coefficient per element, and scaling q′ and k′ to unit length, are options there
///   too.
public struct FeatureTransformation: Codable, Hashable, Sendable {
  /// The unit that shares one coefficient.
  public enum Granularity: String, Codable, Hashable, Sendable {
    /// Each element of a row.
    case element
    /// Each row.
    case row
    /// The whole batch, the authors' choice.
    case batch
  }

  /// α > 0 of the extrapolation; default 2, as the authors train.
  public var extrapolation: Double
  /// β > 0 of the interpolation; default 1.6, as the authors train.
  public var interpolation: Double
  /// The unit that shares one coefficient.
  public var granularity: Granularity
  /// Whether q′ and k′ are scaled to unit length; the authors train without.
  public var isNormalized: Bool

  /// Creates a transformation.
  public init(
    extrapolation: Double = 2, interpolation: Double = 1.6, granularity: Granularity = .batch,
    isNormalized: Bool = false
  ) {
    self.extrapolation = extrapolation
    self.interpolation = interpolation
    self.granularity = granularity
    self.isNormalized = isNormalized
  }

  /// The random choices for a batch.
  public struct Draw: Sendable, Hashable {
    /// λ, `[B][D]`, `[B][1]` for whole rows or `[1][1]` for the batch.
    public var extrapolations: [[Double]]
    /// μ, `[K][D]`, `[K][1]` for whole rows or `[1][1]` for all negatives.
    public var interpolations: [[Double]]
    /// π: the partner with which each of the K negatives is mixed.
    public var partners: [Int]

    /// Creates a draw from given choices.
    public init(extrapolations: [[Double]], interpolations: [[Double]], partners: [Int]) {
      self.extrapolations = extrapolations
      self.interpolations = interpolations
      self.partners = partners
    }
  }

  /// Draws for B queries and K negatives of dimension D.
  ///
  /// - Precondition: α and β are positive.
  public func draw(
    queries: Int, negatives: Int, width: Int, using random: inout SplitMix64
  ) -> Draw {
    precondition(
      extrapolation > 0 && interpolation > 0, "Beta of \(extrapolation) and \(interpolation)")
    let width = granularity == .element ? width : 1
    func shares(_ rows: Int, _ concentration: Double, plus offset: Double) -> [[Double]] {
      let beta = BetaDistribution(concentration: concentration)
      return (0..<(granularity == .batch ? 1 : rows)).map { _ in
        (0..<width).map { _ in offset + beta.draw(using: &random) }
      }
    }
    return Draw(
      extrapolations: shares(queries, extrapolation, plus: 1),
      interpolations: shares(negatives, interpolation, plus: 0),
      partners: (0..<negatives).shuffled(using: &random))
  }

  /// Transforms a batch.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`, unit vectors.
  ///   - keys: `[B, D]`, unit vectors; key i belongs to query i.
  ///   - negatives: `[K, D]`, unit vectors.
  ///   - draw: the random choices.
  /// - Returns: the same, transformed.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match.
  public func callAsFunction(queries: Tensor, keys: Tensor, negatives: Tensor, draw: Draw) throws
    -> (queries: Tensor, keys: Tensor, negatives: Tensor)
  {
    precondition(
      queries.shape == keys.shape && queries.dimensionCount == 2
        && [1, queries.size(along: 0)].contains(draw.extrapolations.count)
        && [1, negatives.size(along: 0)].contains(draw.interpolations.count)
        && draw.partners.count == negatives.size(along: 0),
      "\(draw.extrapolations.count) and \(draw.interpolations.count) coefficients for queries of "
        + "shape \(queries.shape) and negatives of shape \(negatives.shape)")
    func coefficients(_ rows: [[Double]]) -> Tensor {
      Tensor(rows: rows).converted(to: queries.dtype).moved(to: queries.device)
    }
    return try checked {
      let (q, k, n) = (queries, keys.detached(), negatives.detached())
      let lambda = coefficients(draw.extrapolations)
      var hardQueries = lambda * q + (1 - lambda) * k
      var hardKeys = lambda * k + (1 - lambda) * q
      if isNormalized {
        (hardQueries, hardKeys) = (hardQueries.normalized(), hardKeys.normalized())
      }
      guard !draw.partners.isEmpty else { return (hardQueries, hardKeys, n) }
      let mu = coefficients(draw.interpolations)
      let partners = n.gathered(rows: Tensor(draw.partners).moved(to: n.device))
      return (hardQueries, hardKeys, mu * n + (1 - mu) * partners)
    }
  }
}

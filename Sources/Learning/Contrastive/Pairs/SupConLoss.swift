import Kernels
public import Torch

/// The contrastive loss with all rows of the anchor's class as its positives.
///
/// With zᵢ the N rows scaled to unit length, P(i) the other rows of i's class and N′ the number of
/// rows with any:
///
///     sᵢₖ = zᵢ · zₖ / τ
///     L   = (1 / N′) Σᵢ (log Σ_{k ≠ i} exp sᵢₖ − (1 / |P(i)|) Σ_{p ∈ P(i)} sᵢₚ)
///
/// The sum over the positives is zᵢ · Σₚ zₚ, one product with the sum of the class.
///
/// - Inputs: class labels
/// - Paper: Khosla, Teterwak, Wang, Sarna, Tian, Isola, Maschinot, Liu, Krishnan. Supervised
///   Contrastive Learning. NeurIPS 2020, equation 2, L_out. <https://arxiv.org/abs/2004.11362>
/// - Gradient: reaches all rows.
/// - Units: nats, averaged over a row's positives and then over rows. If all rows are equal, it is
///   log(N − 1); with k positives per row it is at least log k.
/// - Departures: none from the equation. The authors' code multiplies by τ / 0.07, expects rows of
///   unit length, and counts rows without positives as 0 in the mean.
/// - Degenerate: a row without positives is left out of the mean, and an empty mean is 0 with
///   gradient 0.
public struct SupConLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines; default 0.1, the paper's for ImageNet.
  public var temperature: Double

  /// Creates the loss.
  public init(temperature: Double = 0.1) { self.temperature = temperature }

  /// The loss of rows with classes.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - classes: the class of each row, any integers.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per row, N > 0, τ > 0.
  /// - Complexity: O(N² · D) time, O(N · (D + 1000)) memory.
  public func callAsFunction(embeddings: Tensor, classes: [Int]) throws -> Tensor {
    checkTemperature(temperature)
    precondition(
      embeddings.dimensionCount == 2 && embeddings.size(along: 0) == classes.count
        && !classes.isEmpty,
      "embeddings of shape \(embeddings.shape) with \(classes.count) classes")
    let rows = try checked { embeddings.normalized() }
    return try supervisedContrast(
      of: rows, groups: ClassGroups(classes, device: rows.device), temperature: temperature)
  }

  /// The loss of several views, each `[N, D]`, of examples with classes.
  ///
  /// All views are stacked: the positives of a row are its example's other views and all views of
  /// other examples of its class.
  public func callAsFunction(views: [Tensor], classes: [Int]) throws -> Tensor {
    checkViews(views, atLeast: 1)
    return try self(
      embeddings: checked { .concatenated(views) }, classes: views.flatMap { _ in classes })
  }
}

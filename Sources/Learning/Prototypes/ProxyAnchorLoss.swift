public import Torch

/// A loss of one learned proxy a class, each compared with all embeddings of the batch.
///
/// Every proxy is an anchor that pulls the embeddings of its class, the farthest most, and pushes
/// those of other classes, the closest most. With s the cosine, P all proxies, P⁺ those whose class
/// is in the batch, X⁺ₚ the embeddings of p's class and X⁻ₚ the others:
///
///     L = (1 / |P⁺|) Σ_{p ∈ P⁺} log(1 + Σ_{x ∈ X⁺ₚ} exp −α(s(x, p) − δ))
///       + (1 / |P|)  Σ_{p ∈ P}  log(1 + Σ_{x ∈ X⁻ₚ} exp  α(s(x, p) + δ))
///
/// - Paper: Kim, Kim, Cho, Kwak. Proxy Anchor Loss for Deep Metric Learning. CVPR 2020, equation 4.
///   <https://arxiv.org/abs/2003.13911>
/// - Gradient: reaches embeddings and proxies.
/// - Units: α times a cosine; the sum of a mean over the proxies with positives and one over all.
/// - Departures: none from the paper. The authors give proxies a learning rate 100 times that of the
///   encoder.
/// - Degenerate: an empty batch has loss 0.
public struct ProxyAnchorLoss: Codable, Hashable, Sendable {
  /// The margin δ ≥ 0; the paper has 0.1.
  public var margin: Double
  /// The sharpness α > 0; the paper has 32.
  public var sharpness: Double
  /// Proxies at a time; nil, ours, is about a million similarities.
  public var blockSize: Int?

  /// Makes the loss.
  public init(margin: Double = 0.1, sharpness: Double = 32, blockSize: Int? = nil) {
    self.margin = margin
    self.sharpness = sharpness
    self.blockSize = blockSize
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`; the loss scales them to unit length.
  ///   - proxies: `[C, D]`, learned; the loss scales them to unit length. The paper draws them from a
  ///     normal distribution.
  ///   - classes: one an embedding, in 0 ..< C.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: one class an embedding, all in 0 ..< C; equal widths; α > 0.
  /// - Complexity: O(N · C · D) time; O(N · block + (N + C) · D) memory.
  public func callAsFunction(embeddings: Tensor, proxies: Tensor, classes: [Int]) throws -> Tensor {
    precondition(sharpness > 0, "a sharpness of \(sharpness)")
    _ = Tensor.classes(classes, of: embeddings, below: proxies)
    var own = [[Int]](repeating: [], count: proxies.size(along: 0))
    for (place, known) in classes.enumerated() { own[known].append(place) }
    let present = Double(max(own.count { !$0.isEmpty }, 1))
    return try PullAndPush(
      pull: (sharpness, margin, 1 / present), push: (sharpness, -margin, 1 / Double(own.count)),
      blockSize: blockSize)(
        rows: proxies.normalized(), columns: embeddings.normalized(), own: own,
        leavingOutItself: false)
  }
}

import Kernels
public import Torch

/// A loss with one learnt proxy per class, each compared with all embeddings of the batch.
///
/// Every proxy is an anchor that pulls the embeddings of its class, the farthest most strongly, and
/// pushes those of other classes, the closest most strongly. With s the cosine, P all proxies, P⁺
/// those whose class is in the batch, X⁺ₚ the embeddings of p's class and X⁻ₚ the others:
///
///     L = (1 / |P⁺|) Σ_{p ∈ P⁺} log(1 + Σ_{x ∈ X⁺ₚ} exp −α(s(x, p) − δ))
///       + (1 / |P|)  Σ_{p ∈ P}  log(1 + Σ_{x ∈ X⁻ₚ} exp  α(s(x, p) + δ))
///
/// - Inputs: class labels with prototypes
/// - Paper: Kim, Kim, Cho, Kwak. Proxy Anchor Loss for Deep Metric Learning. CVPR 2020, equation 4.
///   <https://arxiv.org/abs/2003.13911>
/// - Gradient: reaches embeddings and proxies.
/// - Units: α times a cosine; the sum of a mean over the proxies with positives and one over all.
/// - Departures: none from the paper. The authors give proxies 100 times the encoder's learning
///   rate.
/// - Degenerate: an empty batch has loss 0.
public struct ProxyAnchorLoss: Codable, Hashable, Sendable {
  /// The margin δ ≥ 0; default 0.1, from the paper.
  public var margin: Double
  /// The sharpness α > 0; default 32, from the paper.
  public var sharpness: Double
  /// The number of proxies per block; nil means about a million similarities, our default.
  public var blockSize: Int?

  /// Creates the loss.
  public init(margin: Double = 0.1, sharpness: Double = 32, blockSize: Int? = nil) {
    self.margin = margin
    self.sharpness = sharpness
    self.blockSize = blockSize
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`; the loss scales them to unit length.
  ///   - proxies: `[C, D]`, learnt; the loss scales them to unit length. The paper initialises them
  ///     from a normal distribution.
  ///     normal distribution.
  ///   - classes: one per embedding, in 0 ..< C.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per embedding, all in 0 ..< C; equal widths; α > 0.
  /// - Complexity: O(N · C · D) time; O(N · block + (N + C) · D) memory.
  public func callAsFunction(embeddings: Tensor, proxies: Tensor, classes: [Int]) throws -> Tensor {
    precondition(sharpness > 0, "a sharpness of \(sharpness)")
    _ = Tensor.classes(classes, of: embeddings, below: proxies)
    var positives = [[Int]](repeating: [], count: proxies.size(along: 0))
    for (index, known) in classes.enumerated() { positives[known].append(index) }
    let present = Double(max(positives.count { !$0.isEmpty }, 1))
    return try PullAndPush(
      pull: (sharpness, margin, 1 / present),
      push: (sharpness, -margin, 1 / Double(positives.count)),
      blockSize: blockSize)(
        rows: proxies.normalized(), columns: embeddings.normalized(), positives: positives,
        leavingOutItself: false)
  }
}

import Foundation
public import Torch

/// The softmax loss of angles between embeddings and class weights, with the own class's angle
/// enlarged by a margin.
///
/// Examples have to lie closer to the direction of their class than the softmax alone asks for. With
/// θᵢⱼ the angle between embedding i and weight j, y the class of i:
///
///     φ(θ) = cos(θ + m)            where θ ≤ π − m
///          = cos θ − m sin m       elsewhere: cos(θ + m) would grow again
///     ℓᵢ   = −log (exp s φ(θᵢᵧ) / (exp s φ(θᵢᵧ) + Σ_{j ≠ y} exp s cos θᵢⱼ))
///     L    = (1 / N) Σᵢ ℓᵢ
///
/// - Paper: Deng, Guo, Xue, Zafeiriou. ArcFace: Additive Angular Margin Loss for Deep Face
///   Recognition. CVPR 2019, equation 3. <https://arxiv.org/abs/1801.07698>
/// - Gradient: reaches embeddings and weights. That of sin θ is 0 where θ < 1e-6, for it is infinite
///   at 0.
/// - Units: nats, the mean over examples. With m = 0 and equal cosines it is log C.
/// - Departures: the second line of φ is the authors' code's (and pytorch-metric-learning's), not
///   the paper's.
/// - Degenerate: an empty batch has loss 0; a single class has loss 0.
public struct ArcFaceLoss: Codable, Hashable, Sendable {
  /// The angle m that is added, in radians, 0 … π; the paper has 0.5.
  public var margin: Double
  /// What cosines are multiplied by, s > 0; the paper has 64.
  public var scale: Double
  /// Examples at a time; nil, ours, is about a million cosines.
  public var blockSize: Int?

  /// Makes the loss.
  public init(margin: Double = 0.5, scale: Double = 64, blockSize: Int? = nil) {
    self.margin = margin
    self.scale = scale
    self.blockSize = blockSize
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`; the loss scales them to unit length.
  ///   - weights: `[C, D]`, learned; the loss scales them to unit length.
  ///   - classes: one an embedding, in 0 ..< C.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: one class an embedding, all in 0 ..< C; equal widths; m in 0 … π, s > 0.
  /// - Complexity: O(N · C · D) time; O(N · block + (N + C) · D) memory.
  public func callAsFunction(embeddings: Tensor, weights: Tensor, classes: [Int]) throws -> Tensor {
    precondition(0...Double.pi ~= margin && scale > 0, "margin \(margin) and scale \(scale)")
    _ = Tensor.classes(classes, of: embeddings, below: weights)
    if classes.isEmpty { return embeddings.sum() * 0 }
    let margin = margin
    return try OwnClassSoftmax(scale: scale, blockSize: blockSize) { cosines in
      let turned = cosines.detached().isLess(than: -cos(margin))
      return cosines.cosines(ofAnglesEnlargedBy: margin)
        .replacing(where: turned, with: cosines - margin * sin(margin))
    }(rows: embeddings.normalized(), columns: weights.normalized(), classes: classes)
  }
}

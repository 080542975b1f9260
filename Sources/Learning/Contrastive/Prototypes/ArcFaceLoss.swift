import Foundation
import Kernels
public import Torch

/// The softmax loss of angles between embeddings and class weights, with a margin added to the
/// angle of the true class.
///
/// Examples must be closer to the direction of their class than the softmax alone requires. With
/// θᵢⱼ the angle between embedding i and weight j, y the class of i:
///
///     φ(θ) = cos(θ + m)            if θ ≤ π − m
///          = cos θ − m sin m       otherwise: cos(θ + m) would grow again
///     ℓᵢ   = −log (exp s φ(θᵢᵧ) / (exp s φ(θᵢᵧ) + Σ_{j ≠ y} exp s cos θᵢⱼ))
///     L    = (1 / N) Σᵢ ℓᵢ
///
/// - Inputs: class labels with prototypes
/// - Paper: Deng, Guo, Xue, Zafeiriou. ArcFace: Additive Angular Margin Loss for Deep Face
///   Recognition. CVPR 2019, equation 3. <https://arxiv.org/abs/1801.07698>
/// - Gradient: reaches embeddings and weights. That of sin θ is set to 0 for θ < 1e-6, because it
///   is infinite at 0.
/// - Units: nats, averaged over examples. With m = 0 and equal cosines it is log C.
/// - Departures: the second line of φ is from the authors' code (and pytorch-metric-learning), not
///   from the paper.
/// - Degenerate: an empty batch has loss 0; a single class has loss 0.
public struct ArcFaceLoss: Codable, Hashable, Sendable {
  /// The angular margin m in radians, 0 … π; default 0.5, from the paper.
  public var margin: Double
  /// The scale s > 0 that multiplies cosines; default 64, from the paper.
  public var scale: Double
  /// The number of examples per block; nil means about a million cosines, our default.
  public var blockSize: Int?

  /// Creates the loss.
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
  ///   - classes: one per embedding, in 0 ..< C.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per embedding, all in 0 ..< C; equal widths; m in 0 … π, s > 0.
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

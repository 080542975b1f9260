public import Torch

/// Mirrors some pictures left to right.
///
///     y(h, w) = x(h, W − 1 − w)     with probability p, else x
///
/// - Paper: Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual
///   Representations. ICML 2020, appendix A. <https://arxiv.org/abs/2002.05709>
/// - Gradient: reaches the pictures.
/// - Units: those of the pictures.
/// - Departures: none.
public struct HorizontalFlip: BatchView {
  /// How likely a picture is mirrored, p; ½, the paper's.
  public var probability: Double

  /// Sets how likely a picture is mirrored.
  public init(probability: Double = 0.5) { self.probability = probability }

  /// A view of pictures `[N, C, H, W]`.
  ///
  /// - Precondition: the probability lies in 0 … 1.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requirePictures(batch)
    let mirrored = Ops.flip(.tensor(batch), .ints([3]))
    return mixed(batch, mirrored, probability: probability, generator: generator)
  }

  private enum Ops {
    static let flip = Op("aten::flip")
  }
}

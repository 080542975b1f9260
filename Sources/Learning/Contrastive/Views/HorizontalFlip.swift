public import Torch

/// Flips images left to right at random.
///
///     y(h, w) = x(h, W − 1 − w)     with probability p, else x
///
/// - Paper: Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual
///   Representations. ICML 2020, appendix A. <https://arxiv.org/abs/2002.05709>
/// - Gradient: reaches the images.
/// - Units: those of the images.
/// - Departures: none.
public struct HorizontalFlip: BatchView {
  /// The probability p that an image is flipped; default ½, from the paper.
  public var probability: Double

  /// Creates a view that flips with the given probability.
  public init(probability: Double = 0.5) { self.probability = probability }

  /// A view of images `[N, C, H, W]`.
  ///
  /// - Precondition: the probability is in 0 … 1.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requirePictures(batch)
    let mirrored = Ops.flip(.tensor(batch), .ints([3]))
    return mixed(batch, mirrored, probability: probability, generator: generator)
  }

  private enum Ops {
    static let flip = Op("aten::flip")
  }
}

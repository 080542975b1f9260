public import Torch

/// Converts images to greyscale at random.
///
/// All three channels become 0.299 r + 0.587 g + 0.114 b. Greyscale images do not change.
///
/// - Paper: Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual
///   Representations. ICML 2020, appendix A. <https://arxiv.org/abs/2002.05709>
/// - Gradient: reaches the images.
/// - Units: those of the images.
/// - Departures: none.
public struct RandomGreyscale: BatchView {
  /// The probability that an image loses its colours; default 0.2, from the paper.
  public var probability: Double

  /// Creates a view that converts with the given probability.
  public init(probability: Double = 0.2) { self.probability = probability }

  /// A view of images `[N, C, H, W]`.
  ///
  /// - Precondition: C is 1 or 3; the probability is in 0 … 1.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requirePictures(batch)
    let channels = batch.size(along: 1)
    precondition(channels == 1 || channels == 3, "\(batch.shape) with neither 1 nor 3 colours")
    let grey = channels == 1 ? batch : luminance(batch).expanded(to: batch.shape)
    return mixed(batch, grey, probability: probability, generator: generator)
  }
}

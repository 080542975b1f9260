public import Torch

/// Takes the colours of some pictures away.
///
/// All three channels become 0.299 r + 0.587 g + 0.114 b. Grey pictures stay what they are.
///
/// - Paper: Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual
///   Representations. ICML 2020, appendix A. <https://arxiv.org/abs/2002.05709>
/// - Gradient: reaches the pictures.
/// - Units: those of the pictures.
/// - Departures: none.
public struct RandomGreyscale: BatchView {
  /// How likely a picture loses its colours; 0.2, the paper's.
  public var probability: Double

  /// Sets how likely a picture loses its colours.
  public init(probability: Double = 0.2) { self.probability = probability }

  /// A view of pictures `[N, C, H, W]`.
  ///
  /// - Precondition: C is 1 or 3; the probability lies in 0 … 1.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requirePictures(batch)
    let channels = batch.size(along: 1)
    precondition(channels == 1 || channels == 3, "\(batch.shape) with neither 1 nor 3 colours")
    let grey = channels == 1 ? batch : luminance(batch).expanded(to: batch.shape)
    return mixed(batch, grey, probability: probability, generator: generator)
  }
}

public import Torch

/// The augmentation pipeline that most contrastive methods use on images.
///
///     style → crop → flip → colours → greyscale → blur
///
/// Steps that are nil are skipped. Two calls make the two views of a batch.
///
/// - Paper: Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual
///   Representations. ICML 2020, appendix A. <https://arxiv.org/abs/2002.05709>
/// - Gradient: reaches the images.
/// - Units: images in 0 … 1.
/// - Departures: the pipeline for small images has no blur, as the paper's for CIFAR-10 (B.9); the
///   one for characters is ours: a flipped digit or letter is a different one. Styles are exchanged
///   before the crop, so that whole images are compared.
public struct ImageViews: BatchView {
  /// Gives all images the style of one.
  public var style: BatchStyleStandardization?
  /// Crops a random part.
  public var crop: RandomResizedCrop?
  /// Flips left to right.
  public var flip: HorizontalFlip?
  /// Changes colours.
  public var colours: ColourJitter?
  /// Removes colours.
  public var greyscale: RandomGreyscale?
  /// Blurs images.
  public var blur: GaussianBlur?

  /// Creates a pipeline of the given steps.
  public init(
    style: BatchStyleStandardization? = nil, crop: RandomResizedCrop? = nil,
    flip: HorizontalFlip? = nil, colours: ColourJitter? = nil, greyscale: RandomGreyscale? = nil,
    blur: GaussianBlur? = nil
  ) {
    self.style = style
    self.crop = crop
    self.flip = flip
    self.colours = colours
    self.greyscale = greyscale
    self.blur = blur
  }

  /// SimCLR's pipeline for 32 × 32 colour images.
  public static let smallPictures = ImageViews(
    crop: RandomResizedCrop(), flip: HorizontalFlip(), colours: ColourJitter(),
    greyscale: RandomGreyscale())

  /// For digits and letters: cropped, stretched and lit differently, never flipped.
  public static let characters = ImageViews(
    crop: RandomResizedCrop(smallestArea: 0.4), colours: ColourJitter(), blur: GaussianBlur())

  /// A view of images `[N, C, H, W]`.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    let chain: [(any BatchView)?] = [style, crop, flip, colours, greyscale, blur]
    return chain.reduce(batch) { $1?($0, generator: generator) ?? $0 }
  }
}

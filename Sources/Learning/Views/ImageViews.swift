public import Torch

/// The chain of views that most contrastive methods train pictures with.
///
///     style → crop → flip → colours → grey → blur
///
/// each left out where it is nil. Two calls make the two views of a batch.
///
/// - Paper: Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual
///   Representations. ICML 2020, appendix A. <https://arxiv.org/abs/2002.05709>
/// - Gradient: reaches the pictures.
/// - Units: pictures in 0 … 1.
/// - Departures: the chain for small pictures has no blur, as the paper's for CIFAR-10 (B.9); that for
///   grey ones is ours: mirrored digits and letters are other ones. A style is exchanged before the
///   crop, so that whole pictures are compared.
public struct ImageViews: BatchView {
  /// Whether all pictures get the style of one.
  public var style: BatchStyleStandardization?
  /// How parts are cut out.
  public var crop: RandomResizedCrop?
  /// How pictures are mirrored.
  public var flip: HorizontalFlip?
  /// How colours change.
  public var colours: ColourJitter?
  /// How colours are taken away.
  public var greyscale: RandomGreyscale?
  /// How pictures are blurred.
  public var blur: GaussianBlur?

  /// Chains the views that are given.
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

  /// SimCLR's chain for pictures of 32 × 32 in colour.
  public static let smallPictures = ImageViews(
    crop: RandomResizedCrop(), flip: HorizontalFlip(), colours: ColourJitter(),
    greyscale: RandomGreyscale())

  /// For digits and letters: cut out, stretched and lit differently, never mirrored.
  public static let characters = ImageViews(
    crop: RandomResizedCrop(smallestArea: 0.4), colours: ColourJitter(), blur: GaussianBlur())

  /// A view of pictures `[N, C, H, W]`.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    let chain: [(any BatchView)?] = [style, crop, flip, colours, greyscale, blur]
    return chain.reduce(batch) { $1?($0, generator: generator) ?? $0 }
  }
}

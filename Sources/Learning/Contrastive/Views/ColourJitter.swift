public import Torch

/// Changes the brightness, contrast, saturation and hue of images.
///
/// Applies four changes in an order drawn once per batch, with factors f drawn around 1 and a
/// rotation φ around 0 for each image; g is the luminance and ḡ its mean over the image:
///
///     brightness   f x
///     contrast     f x + (1 − f) ḡ
///     saturation   f x + (1 − f) g
///     hue          rotated by φ in HSV space
///
/// each clamped to 0 … 1. Greyscale images change in brightness and contrast only.
///
/// - Paper: Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual
///   Representations. ICML 2020, appendix A. <https://arxiv.org/abs/2002.05709>. Wu, Xiong, Yu, Lin.
///   Unsupervised Feature Learning via Non-Parametric Instance Discrimination. CVPR 2018.
/// - Gradient: reaches the images.
/// - Units: images in 0 … 1; φ in full turns of the colour circle.
/// - Departures: torchvision's formulas with the weights of BT.601 to three digits; one order per
///   batch instead of one per image.
public struct ColourJitter: BatchView {
  /// The maximum deviation of the brightness factor from 1; default 0.4, the paper's for small
  /// images.
  public var brightness: Double
  /// The maximum deviation of the contrast factor from 1; default 0.4, the paper's for small
  /// images.
  public var contrast: Double
  /// The maximum deviation of the saturation factor from 1; default 0.4, the paper's for small
  /// images.
  public var saturation: Double
  /// The maximum hue rotation, at most ½; default 0.1, the paper's for small images.
  public var hue: Double
  /// The probability that an image is changed; default 0.8, from the paper.
  public var probability: Double

  /// Creates a view; the paper uses 0.8 s for the first three strengths and 0.2 s for the hue.
  public init(
    brightness: Double = 0.4, contrast: Double = 0.4, saturation: Double = 0.4, hue: Double = 0.1,
    probability: Double = 0.8
  ) {
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
    self.probability = probability
  }

  /// A view of images `[N, C, H, W]` in 0 … 1.
  ///
  /// - Precondition: strengths are non-negative, the hue's is at most ½; C is 1 or 3.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requirePictures(batch)
    let isGrey = batch.size(along: 1) == 1
    precondition(
      [brightness, contrast, saturation].allSatisfy { $0 >= 0 } && hue >= 0 && hue <= 0.5,
      "strengths \(brightness), \(contrast), \(saturation), \(hue)")
    precondition(isGrey || batch.size(along: 1) == 3, "\(batch.shape) with neither 1 nor 3 colours")
    let factors = [brightness, contrast, saturation].map { strength in
      spread(
        numbers(batch, in: max(0, 1 - strength)..<(1 + strength), generator: generator),
        over: batch)
    }
    let turn = spread(numbers(batch, in: -hue..<hue, generator: generator), over: batch)
    var x = batch
    for change in Tensor.permutation(4, generator: generator).array(of: Int64.self) {
      switch change {
      case 0: x = (x * factors[0]).clamped(from: 0, to: 1)
      case 1:
        let grey = isGrey ? x : luminance(x)
        let mean = grey.mean(along: 3, keepingDimensions: true)
          .mean(along: 2, keepingDimensions: true)
        x = blended(x, mean, factors[1])
      case 2: x = isGrey ? x : blended(x, luminance(x), factors[2])
      default: x = isGrey ? x : turned(x, by: turn)
      }
    }
    return mixed(batch, x, probability: probability, generator: generator)
  }

  private func blended(_ x: Tensor, _ other: Tensor, _ factor: Tensor) -> Tensor {
    (other + (x - other) * factor).clamped(from: 0, to: 1)
  }

  /// Images with rotated hues.
  ///
  /// - Source: Smith. Color gamut transform pairs. SIGGRAPH 1978.
  ///   <https://doi.org/10.1145/800248.807361>
  private func turned(_ x: Tensor, by turn: Tensor) -> Tensor {
    let (r, g, b) = (
      x.slice(0..<1, along: 1), x.slice(1..<2, along: 1), x.slice(2..<3, along: 1)
    )
    let value = x.maximum(along: 1, keepingDimensions: true)
    let chroma = value - x.minimum(along: 1, keepingDimensions: true)
    // Grey has no hue; any value is later multiplied by a chroma of 0.
    let divisor = chroma.replacing(where: chroma.isEqual(to: 0), with: 1)
    let sixths = (4 + (r - g) / divisor)
      .replacing(where: value.isEqual(to: g), with: 2 + (b - r) / divisor)
      .replacing(where: value.isEqual(to: r), with: (g - b) / divisor)
    let hue = sixths + turn * 6
    return .concatenated(
      [5.0, 3, 1].map { offset in
        let raw = hue + offset
        let place = raw - (raw * (1 / 6.0)).floor() * 6
        let share = place.minimum(4 - place).clamped(from: 0, to: 1)
        return value - chroma * share
      }, along: 1)
  }
}

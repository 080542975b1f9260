public import Torch

/// Blurs images at random.
///
/// Each row and column is averaged with Gaussian weights over K pixels, with a standard deviation σ
/// drawn for each image; images are extended by reflection:
///
///     w(t) ∝ exp(−t² / 2σ²)     t = −(K−1)/2 … (K−1)/2
///
/// - Paper: Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual
///   Representations. ICML 2020, appendix A. <https://arxiv.org/abs/2002.05709>
/// - Gradient: reaches the images.
/// - Units: σ in pixels.
/// - Departures: reflection at the edges as in torchvision; the authors' code pads with zeros.
public struct GaussianBlur: BatchView {
  /// The kernel size K in pixels, odd; the paper uses a tenth of the image side.
  public var kernel: Int
  /// The minimum σ; default 0.1, from the paper.
  public var smallestWidth: Double
  /// The maximum σ; default 2, from the paper.
  public var largestWidth: Double
  /// The probability that an image is blurred; default ½, from the paper.
  public var probability: Double

  /// Creates a view; a kernel of 3 suits images of about 30 × 30.
  public init(
    kernel: Int = 3, smallestWidth: Double = 0.1, largestWidth: Double = 2,
    probability: Double = 0.5
  ) {
    self.kernel = kernel
    self.smallestWidth = smallestWidth
    self.largestWidth = largestWidth
    self.probability = probability
  }

  /// A view of images `[N, C, H, W]`.
  ///
  /// - Precondition: the kernel is odd and less than twice a side; σ is positive; the probability
  ///   is in 0 … 1.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requirePictures(batch)
    let reach = kernel / 2
    precondition(
      kernel >= 1 && kernel % 2 == 1 && batch.shape[2...].allSatisfy { reach < $0 },
      "a window of \(kernel) for \(batch.shape)")
    precondition(
      smallestWidth > 0 && smallestWidth <= largestWidth,
      "widths \(smallestWidth) ... \(largestWidth)")
    let widths = numbers(batch, in: smallestWidth..<largestWidth, generator: generator)
    let steps = Tensor((-reach...reach).map { Double($0 * $0) }, shape: [1, kernel])
    let bells = (steps / (widths.squared() * -2).expandingDimension(at: 1)).exp()
    let weights = bells / bells.sum(along: 1, keepingDimensions: true)  // [N, K]
    var x = batch
    for axis in [2, 3] {
      let length = batch.size(along: axis)
      let mirrored = (-reach..<(length + reach)).map { place in
        place < 0 ? -place : place >= length ? 2 * (length - 1) - place : place
      }
      let wide = x.gathered(rows: Tensor(mirrored).moved(to: batch.device), along: axis)
      let parts = (0..<kernel).map { step in
        wide.slice(step..<(step + length), along: axis)
          * spread(weights.slice(step..<(step + 1), along: 1), over: batch)
      }
      x = parts.dropFirst().reduce(parts[0], +)
    }
    return mixed(batch, x, probability: probability, generator: generator)
  }
}

public import Torch

/// Gives all images of a batch the style of one of them.
///
/// The low-frequency amplitudes of an image carry its colour and lighting, the phases its content.
/// With F the Fourier transform of each channel, k an image of the batch and r an area, both drawn
/// anew for each call:
///
///     F′ᵢ(u, v) = |F_k(u, v)| e^{i arg Fᵢ(u, v)}   for |u| ≤ √r H / 2 and |v| ≤ √r W / 2
///     F′ᵢ(u, v) = Fᵢ(u, v)                         elsewhere
///
/// followed by the inverse transform of F′. Each view of a batch gets its own style, shared by an
/// anchor's negatives, so that a contrastive loss can no longer tell rows apart by style.
///
/// - Paper: Scalbert, Vakalopoulou, Couzinié-Devy. Towards Domain-Invariant Self-Supervised Learning
///   with Batch Styles Standardization. ICLR 2024, section 3.2, figure 1 and algorithm 1.
///   <https://arxiv.org/abs/2303.06088>
/// - Gradient: reaches the images where amplitudes are not 0.
/// - Units: those of the images; results may lie slightly outside 0 … 1.
/// - Departures: written from the figure's caption and the head of algorithm 1; listing 1 and the
///   paper's range of r were not available. The sides of the area are √r of the spectrum's;
///   rounding and the default range are ours.
public struct BatchStyleStandardization: BatchView {
  /// The minimum share of the spectrum to exchange; default 0, ours.
  public var smallestArea: Double
  /// The maximum share of the spectrum to exchange; default 0.1, ours.
  public var largestArea: Double

  /// Creates a view with a range of r.
  public init(smallestArea: Double = 0, largestArea: Double = 0.1) {
    self.smallestArea = smallestArea
    self.largestArea = largestArea
  }

  /// A view of images `[N, C, H, W]`, with the style of a randomly drawn one.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requirePictures(batch)
    precondition(
      0 <= smallestArea && smallestArea <= largestArea && largestArea <= 1,
      "areas \(smallestArea) ... \(largestArea)")
    let style = Tensor.integers([1], in: 0..<batch.size(along: 0), generator: generator).integer
    let share = Tensor.uniform([1], generator: generator, dtype: .float64).scalar
    return self(
      batch, style: style, area: smallestArea + (largestArea - smallestArea) * share)
  }

  /// The images with the style of one of them.
  ///
  /// - Parameters:
  ///   - batch: `[N, C, H, W]`.
  ///   - style: the index k of that image.
  ///   - area: the share r of the spectrum to exchange.
  /// - Returns: `[N, C, H, W]`; image `style` is unchanged.
  /// - Precondition: the image exists; the area is in 0 … 1.
  public func callAsFunction(_ batch: Tensor, style: Int, area: Double) -> Tensor {
    requirePictures(batch)
    let (height, width) = (batch.size(along: 2), batch.size(along: 3))
    precondition(
      (0..<batch.size(along: 0)).contains(style) && area >= 0 && area <= 1,
      "picture \(style) of \(batch.shape), area \(area)")
    let spectrum = Ops.transform(.tensor(batch))  // [N, C, H, W/2 + 1], complex
    let amplitudes = Ops.magnitude(.tensor(spectrum))
    let phases = Ops.angle(.tensor(spectrum))
    let (reach, span) = (
      Int(area.squareRoot() * Double(height) / 2), Int(area.squareRoot() * Double(width) / 2)
    )
    let low = (0..<height).flatMap { row in
      (0...(width / 2)).map { column in min(row, height - row) <= reach && column <= span }
    }
    let mask = Tensor(low, shape: [1, 1, height, width / 2 + 1]).moved(to: batch.device)
    let changed = amplitudes.replacing(
      where: mask, with: amplitudes[style..<(style + 1)].expanded(to: amplitudes.shape))
    return Ops.inverse(
      .tensor(Ops.polar(.tensor(changed), .tensor(phases))), .ints([height, width]))
  }

  private enum Ops {
    static let transform = Op("aten::fft_rfft2")
    static let inverse = Op("aten::fft_irfft2")
    static let magnitude = Op("aten::abs")
    static let angle = Op("aten::angle")
    static let polar = Op("aten::polar")
  }
}

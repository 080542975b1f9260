public import Torch

/// Gives all pictures of a batch the style of one of them.
///
/// The low frequencies' amplitudes of a picture carry its colours and light, the phases what is in
/// it. With F the Fourier transform of each channel, k one picture of the batch and r an area, both
/// drawn anew for every call:
///
///     F′ᵢ(u, v) = |F_k(u, v)| e^{i arg Fᵢ(u, v)}   for |u| ≤ √r H / 2 and |v| ≤ √r W / 2
///     F′ᵢ(u, v) = Fᵢ(u, v)                         elsewhere
///
/// and the inverse transform of F′. Each view of a batch gets a style of its own, the negatives of
/// an anchor share its style: a contrastive loss can no longer tell rows apart by style.
///
/// - Paper: Scalbert, Vakalopoulou, Couzinié-Devy. Towards Domain-Invariant Self-Supervised Learning
///   with Batch Styles Standardization. ICLR 2024, section 3.2, figure 1 and algorithm 1.
///   <https://arxiv.org/abs/2303.06088>
/// - Gradient: reaches the pictures where amplitudes are not 0.
/// - Units: those of the pictures; results may lie outside of 0 … 1 by a little.
/// - Departures: written from the figure's text and the head of algorithm 1; listing 1 and the
///   paper's range of r could not be read. The sides of the area are √r of the spectrum's; rounding
///   and the default range are ours.
public struct BatchStyleStandardization: BatchView {
  /// The smallest share of the spectrum that is exchanged; ours.
  public var smallestArea: Double
  /// The largest share of the spectrum that is exchanged; ours.
  public var largestArea: Double

  /// Sets the range of r.
  public init(smallestArea: Double = 0, largestArea: Double = 0.1) {
    self.smallestArea = smallestArea
    self.largestArea = largestArea
  }

  /// A view of pictures `[N, C, H, W]`, whose style is drawn among them.
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

  /// The pictures with the style of one of them.
  ///
  /// - Parameters:
  ///   - batch: `[N, C, H, W]`.
  ///   - style: which picture, k.
  ///   - area: the share of the spectrum that is exchanged, r.
  /// - Returns: `[N, C, H, W]`; picture `style` stays what it is.
  /// - Precondition: the picture exists; the area lies in 0 … 1.
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

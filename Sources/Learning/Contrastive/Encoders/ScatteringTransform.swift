import Foundation
public import Torch

/// Describes images by averaged moduli of two cascaded wavelet transforms; nothing is learnt.
///
/// Small shifts and deformations hardly change the result. With ψ_{j,θ} Morlet wavelets of J scales
/// and L angles, φ a Gaussian of scale 2ᴶ and ↓ subsampling by 2ᴶ:
///
///     S₀ = (x ∗ φ)↓
///     S₁ = (|x ∗ ψ_{j,θ}| ∗ φ)↓
///     S₂ = (||x ∗ ψ_{j,θ}| ∗ ψ_{j′,θ′}| ∗ φ)↓     j < j′
///
/// These are 1 + LJ + L²J(J − 1)/2 output channels per input channel, in this order, by j, θ, j′
/// and θ′. Images are extended by reflection.
///
/// - Paper: Bruna, Mallat. Invariant Scattering Convolution Networks. IEEE TPAMI 2013, section 2.
///   <https://arxiv.org/abs/1203.1513>
/// - Gradient: reaches the images; it is 0 at a modulus of 0.
/// - Units: those of the images.
/// - Departures: filters, padding and sampling follow Kymatio (Andreux et al. Kymatio: Scattering
///   Transforms in Python. JMLR 2020. <https://arxiv.org/abs/1812.11214>), with π where its code
///   has 3.1415.
public final class ScatteringTransform: UnaryLayer {
  /// The size of the transform.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The image height H.
    public var height: Int
    /// The image width W.
    public var width: Int
    /// The number of scales, J ≥ 1: outputs have ⌊H / 2ᴶ⌋ × ⌊W / 2ᴶ⌋ positions.
    public var scales: Int
    /// The number of angles, L; default 8, from the paper's code.
    public var angles: Int

    /// Creates a configuration for images of one size.
    public init(height: Int, width: Int, scales: Int = 2, angles: Int = 8) {
      self.height = height
      self.width = width
      self.scales = scales
      self.angles = angles
    }

    /// The number of output channels per input channel.
    public var pathCount: Int {
      1 + angles * scales + angles * angles * scales * (scales - 1) / 2
    }
  }

  /// The size of the transform.
  public let configuration: Configuration
  private let rows: Tensor
  private let columns: Tensor
  /// The wavelets' spectra, which are real: `[L, M, N]` for each scale.
  private let wavelets: [Tensor]
  /// `[M, N]`.
  private let average: Tensor

  /// Creates a transform and computes its filters.
  ///
  /// - Parameters:
  ///   - configuration: the size.
  ///   - dtype: the images' dtype.
  /// - Precondition: at least one scale and one angle; 2ᴶ is at most H and at most W.
  public init(_ configuration: Configuration, dtype: DType = .float32) {
    let (scales, angles) = (configuration.scales, configuration.angles)
    precondition(
      scales >= 1 && angles >= 1
        && 1 << scales <= min(configuration.height, configuration.width),
      "\(scales) scales of \(angles) angles for \(configuration.height) × \(configuration.width)")
    self.configuration = configuration
    let (height, width) = (
      Self.padded(configuration.height, scales), Self.padded(configuration.width, scales)
    )
    rows = Self.mirrored(configuration.height, to: height)
    columns = Self.mirrored(configuration.width, to: width)
    wavelets = (0..<scales).map { scale in
      let step = Double(1 << scale)
      let bank = (0..<angles).map { place in
        ScatteringFilter(
          deviation: 0.8 * step,
          angle: Double(max(angles / 2 - 1, 0) - place) * .pi / Double(angles),
          frequency: 0.75 * .pi / step, slant: 4 / Double(angles)
        ).spectrum(height: height, width: width)
      }
      return Tensor.stacked(bank).converted(to: dtype)
    }
    average = ScatteringFilter(deviation: 0.8 * Double(1 << (scales - 1)))
      .spectrum(height: height, width: width).converted(to: dtype)
  }

  /// Empty: nothing is learnt.
  public var parameters: [(name: String, tensor: Tensor)] { [] }

  /// Transforms images: `[N, C, H, W]` → `[N, C · paths, ⌊H / 2ᴶ⌋, ⌊W / 2ᴶ⌋]`.
  ///
  /// - Precondition: the images have the configured size.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    let shape = input.shape
    precondition(
      shape.count == 4 && shape[2] == configuration.height && shape[3] == configuration.width,
      "pictures \(shape) for \(configuration.height) × \(configuration.width)")
    let x = input.gathered(rows: rows, along: 2).gathered(rows: columns, along: 3)
    let spectrum = Ops.transform(
      .tensor(x.reshaped([-1, 1, rows.elementCount, columns.elementCount])))  // [B, 1, M, N]
    var (second, third): ([Tensor], [Tensor]) = ([], [])
    for scale in wavelets.indices {
      let one = modulus(spectrum, wavelets[scale], from: 0, to: scale)  // [B, L, M/2ʲ, N/2ʲ]
      second.append(averaged(one, at: scale))
      let paths = wavelets.indices.dropFirst(scale + 1).map { next in
        averaged(
          modulus(Ops.expand(.tensor(one), 2), wavelets[next], from: scale, to: next), at: next)
      }
      if !paths.isEmpty {
        let joined = Tensor.concatenated(paths, along: 2)  // [B, L, L · scales, h, w]
        third.append(joined.reshaped([joined.shape[0], -1] + joined.shape[3...]))
      }
    }
    let all = Tensor.concatenated([averaged(spectrum, at: 0)] + second + third, along: 1)
    return all.reshaped([shape[0], -1] + all.shape[2...])
  }

  /// The spectrum of the moduli after the wavelets of one scale, subsampled as far as that scale
  /// allows.
  private func modulus(_ spectrum: Tensor, _ filters: Tensor, from: Int, to: Int) -> Tensor {
    let filtered = sampled(spectrum * cut(filters, to: from), every: 1 << (to - from))
    return Ops.transform(.tensor(Ops.magnitude(.tensor(Ops.inverse(.tensor(filtered))))))
  }

  /// The low-pass averages of a signal sampled at `scale`, subsampled to the last scale, without
  /// padding.
  private func averaged(_ spectrum: Tensor, at scale: Int) -> Tensor {
    let step = 1 << (configuration.scales - scale)
    let picture = Ops.real(
      .tensor(Ops.inverse(.tensor(sampled(spectrum * cut(average, to: scale), every: step)))))
    let axes = picture.dimensionCount
    return picture.slice(1..<(picture.shape[axes - 2] - 1), along: axes - 2)
      .slice(1..<(picture.shape[axes - 1] - 1), along: axes - 1)
  }

  /// The spectrum of every `step`-th pixel: the sum of the aliased frequencies.
  private func sampled(_ spectrum: Tensor, every step: Int) -> Tensor {
    if step == 1 { return spectrum }
    let shape = spectrum.shape
    let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
    let folded = spectrum.reshaped(
      shape.dropLast(2) + [step, height / step, step, width / step])
    let axes = folded.dimensionCount
    return folded.mean(along: axes - 4).mean(along: axes - 3)
  }

  /// The low frequencies of a filter, for images subsampled by 2ʲ.
  private func cut(_ filter: Tensor, to scale: Int) -> Tensor {
    if scale == 0 { return filter }
    return [filter.dimensionCount - 2, filter.dimensionCount - 1].reduce(filter) { part, axis in
      let length = part.size(along: axis)
      let half = length >> (scale + 1)
      return .concatenated(
        [part.slice(0..<half, along: axis), part.slice((length - half)..<length, along: axis)],
        along: axis)
    }
  }

  /// A multiple of 2ᴶ with room for the filters beyond the edges.
  private static func padded(_ length: Int, _ scales: Int) -> Int {
    (((length + (1 << scales)) >> scales) + 1) << scales
  }

  /// The source pixel of each position when an image is extended by reflection.
  private static func mirrored(_ length: Int, to padded: Int) -> Tensor {
    let before = (padded - length) / 2
    let period = max(2 * (length - 1), 1)
    return Tensor(
      (-before..<(padded - before)).map { place in
        let inside = ((place % period) + period) % period
        return inside < length ? inside : period - inside
      })
  }

  private enum Ops {
    static let transform = Op("aten::fft_fft2")
    static let inverse = Op("aten::fft_ifft2")
    static let magnitude = Op("aten::abs")
    static let real = Op("aten::real")
    static let expand = Op("aten::unsqueeze")
  }
}

import Foundation
import Torch

/// A Gaussian, or a Morlet wavelet: a plane wave under an elliptic Gaussian, minus the multiple of
/// the Gaussian that makes its sum 0.
///
///     g(u) = s / 2πσ² · exp(−(u_∥² + s² u_⊥²) / 2σ²)
///     ψ(u) = g(u) (e^{i ξ u_∥} − β)
///
/// with u_∥ along the angle θ and u_⊥ across it.
struct ScatteringFilter {
  /// The Gaussian's standard deviation along the angle, σ.
  var deviation: Double
  /// The direction of the wave, θ.
  var angle = 0.0
  /// The frequency of the wave, ξ; 0 gives a Gaussian.
  var frequency = 0.0
  /// The ratio of the Gaussian's extents along and across the angle, s.
  var slant = 1.0

  /// The Fourier transform on a torus of `height` × `width` pixels, `[height, width]` float64; it
  /// is real.
  func spectrum(height: Int, width: Int) -> Tensor {
    let count = height * width
    var (real, imaginary, envelope) = (
      [Double](repeating: 0, count: count), [Double](repeating: 0, count: count),
      [Double](repeating: 0, count: count)
    )
    // The filter wraps around the torus; beyond two periods either way it is negligible.
    for row in -2 * height..<3 * height {
      for column in -2 * width..<3 * width {
        let along = Double(row) * cos(angle) + Double(column) * sin(angle)
        let across = Double(column) * cos(angle) - Double(row) * sin(angle)
        let weight = exp(
          -(along * along + slant * slant * across * across) / (2 * deviation * deviation))
        if weight == 0 { continue }
        let place = (row + 2 * height) % height * width + (column + 2 * width) % width
        real[place] += weight * cos(frequency * along)
        imaginary[place] += weight * sin(frequency * along)
        envelope[place] += weight
      }
    }
    let scale = slant / (2 * .pi * deviation * deviation)
    let mass = envelope.reduce(0, +)
    let share = (real.reduce(0, +) / mass, imaginary.reduce(0, +) / mass)
    if frequency != 0 {
      for place in 0..<count {
        real[place] -= share.0 * envelope[place]
        imaginary[place] -= share.1 * envelope[place]
      }
    }
    let signal = Ops.complex(
      .tensor(Tensor(real, shape: [height, width]) * scale),
      .tensor(Tensor(imaginary, shape: [height, width]) * scale))
    return Ops.real(.tensor(Ops.transform(.tensor(signal)))).contiguous()
  }

  private enum Ops {
    static let complex = Op("aten::complex")
    static let transform = Op("aten::fft_fft2")
    static let real = Op("aten::real")
  }
}

public import Torch

/// How near the embeddings of a pair that belongs together are.
///
/// With xᵢ and yᵢ the embeddings of pair i, scaled to unit length:
///
///     A = (1 / N) Σᵢ ‖xᵢ − yᵢ‖^α
///
/// - Paper: Wang, Isola. Understanding Contrastive Representation Learning through Alignment and
///   Uniformity on the Hypersphere. ICML 2020, section 4.1.1. <https://arxiv.org/abs/2005.10242>
/// - Units: 0 where all pairs coincide; with α = 2, 2 for unrelated directions and at most 4.
/// - Departures: none. No pair at all has A = 0.
public struct Alignment: Codable, Hashable, Sendable {
  /// α > 0; 2, the default, is the paper's.
  public var exponent: Double

  /// Sets the exponent.
  public init(exponent: Double = 2) { self.exponent = exponent }

  /// Judges pairs.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i belongs to row i of `first`.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: equal shapes, α > 0.
  public func callAsFunction(first: Tensor, second: Tensor) throws -> Double {
    precondition(
      first.shape == second.shape && first.dimensionCount == 2,
      "pairs of the shapes \(first.shape) and \(second.shape)")
    precondition(exponent > 0, "an exponent of \(exponent)")
    guard first.size(along: 0) > 0 else { return 0 }
    return try checked {
      withoutGradients {
        let difference = unitRows(first) - unitRows(second)
        return difference.norm(along: 1).power(exponent).mean().scalar
      }
    }
  }
}

/// The rows in float64, each scaled to unit length.
func unitRows(_ rows: Tensor) -> Tensor { rows.converted(to: .float64).normalized() }

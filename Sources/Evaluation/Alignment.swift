import Storage
public import Torch

/// The distance between the two embeddings of a positive pair.
///
/// With xᵢ and yᵢ the embeddings of pair i, scaled to unit length:
///
///     A = (1 / N) Σᵢ ‖xᵢ − yᵢ‖^α
///
/// - Paper: Wang, Isola. Understanding Contrastive Representation Learning through Alignment and
///   Uniformity on the Hypersphere. ICML 2020, section 4.1.1. <https://arxiv.org/abs/2005.10242>
/// - Units: 0 if all pairs coincide; with α = 2, 2 for unrelated directions and at most 4.
/// - Departures: none.
/// - Degenerate: without pairs A is 0.
public struct Alignment: Codable, Hashable, Sendable {
  /// α > 0; 2, the default, is the paper's.
  public var exponent: Double

  /// Creates the measure.
  public init(exponent: Double = 2) { self.exponent = exponent }

  /// Measures the alignment of pairs.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i belongs to row i of `first`.
  /// - Throws: `ValueError` when the shapes differ; `TorchError` when a libtorch operator fails.
  /// - Precondition: α > 0.
  public func callAsFunction(first: Tensor, second: Tensor) throws -> Double {
    guard first.shape == second.shape, first.dimensionCount == 2 else {
      throw ValueError(
        "embeddings", reason: "pairs of the shapes \(first.shape) and \(second.shape)",
        expected: "[N, D] twice")
    }
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

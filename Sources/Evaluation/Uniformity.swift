internal import Foundation
import Storage
public import Torch

/// How uniformly embeddings cover the sphere.
///
/// With xᵢ the embeddings scaled to unit length, over all pairs i ≠ j:
///
///     U = log ( mean of exp(−t ‖xᵢ − xⱼ‖²) )
///
/// - Paper: Wang, Isola. Understanding Contrastive Representation Learning through Alignment and
///   Uniformity on the Hypersphere. ICML 2020, section 4.1.2. <https://arxiv.org/abs/2005.10242>
/// - Units: 0 if all coincide, at least −4 t; lower means more uniform.
/// - Departures: none.
/// - Degenerate: with fewer than two embeddings U is 0.
public struct Uniformity: Codable, Hashable, Sendable {
  /// t > 0; 2, the default, is the paper's.
  public var scale: Double

  /// Creates the measure.
  public init(scale: Double = 2) { self.scale = scale }

  /// Measures the uniformity of embeddings.
  ///
  /// - Parameter embeddings: `[N, D]`.
  /// - Throws: `ValueError` when it is not a matrix; `TorchError` when a libtorch operator fails.
  /// - Precondition: t > 0.
  /// - Complexity: O(N² · D) time, O(512 N) memory.
  public func callAsFunction(embeddings: Tensor) throws -> Double {
    guard embeddings.dimensionCount == 2 else {
      throw ValueError(
        "embeddings", reason: "a tensor of shape \(embeddings.shape)", expected: "[N, D]")
    }
    precondition(scale > 0, "a scale of \(scale)")
    let count = embeddings.size(along: 0)
    guard count > 1 else { return 0 }
    return try checked {
      withoutGradients {
        let rows = unitRows(embeddings)
        // A row of length 0 has distance 1 to unit vectors.
        let squares = rows.squared().sum(along: 1)
        var sum = 0.0
        for start in stride(from: 0, to: count, by: 512) {
          let range = start..<min(start + 512, count)
          let products = rows[range].matmul(rows.transposed()) * 2
          let distances = squares[range].expandingDimension(at: 1) + squares - products
          sum += (distances.clamped(from: 0) * -scale).exp().sum().scalar
        }
        // Subtract each row's pair with itself, at distance 0.
        return log((sum - Double(count)) / (Double(count) * Double(count - 1)))
      }
    }
  }
}

public import Storage
public import Torch

/// Spreads the known classes of some nodes over a graph.
///
/// With Â = D^−½ A D^−½, Y the known classes (a row of 0 elsewhere) and a share α:
///
///     Z⁰ = Y,   Zᵏ = α Â Zᵏ⁻¹ + (1 − α) Y
///
/// - Paper: Zhou, Bousquet, Lal, Weston, Schölkopf. Learning with Local and Global Consistency.
///   NeurIPS 2003, section 2.
/// - Gradient: reaches the known values; nothing is learnt.
/// - Units: those of the values: shares of classes.
/// - Departures: a given number of steps in place of the limit (I − αÂ)⁻¹ Y, which they approach as
///   αᵏ.
public struct LabelPropagation: Codable, Hashable, Sendable {
  /// The share α of the neighbours; default 0.9.
  public var share: Double
  /// The number of steps; default 50.
  public var steps: Int

  /// Creates a propagation.
  public init(share: Double = 0.9, steps: Int = 50) {
    self.share = share
    self.steps = steps
  }

  /// D^−½ A D^−½, without self-loops.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    SparseMatrix(graph.removingSelfLoops().symmetricallyNormalized())
  }

  /// The spread values, `[V, C]`.
  ///
  /// - Parameters:
  ///   - values: Y, `[V, C]`.
  ///   - constrained: changes the values after each step.
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(
    _ values: Tensor, over propagation: SparseMatrix, constrained: (Tensor) -> Tensor = { $0 }
  ) throws -> Tensor {
    let restart = values * (1 - share)
    var result = values
    for _ in 0..<steps {
      result = constrained(try propagation.product(with: result) * share + restart)
    }
    return result
  }

  /// A row with 1 at its class for each of `nodes`, and rows of 0 elsewhere, `[V, C]`.
  public static func known(
    _ classes: [Int], nodes: [Int], classCount: Int, dtype: DType = .float32
  ) -> Tensor {
    let result = Tensor.zeros([classes.count, classCount], dtype: dtype)
    let rows = Tensor(nodes.map { Int64(classes[$0]) }).oneHot(classes: classCount)
    result.addRowsInPlace(
      rows.converted(to: dtype), at: Tensor(nodes.map(Int64.init)))
    return result
  }
}

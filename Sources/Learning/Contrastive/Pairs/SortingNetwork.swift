import Foundation
public import Torch

/// Sorts rows with a network of relaxed comparators, so that the order is differentiable.
///
/// A sorting network compares fixed pairs of wires, layer by layer; here a comparator mixes its two
/// values instead of swapping them, the more evenly the closer they are. With a on the wire for the
/// smaller value, b on the other, and β the steepness:
///
///     α      = ½ + arctan(β (b − a)) / π        Cauchy
///     α      = 1 / (1 + exp −β (b − a))         logistic
///     a′, b′ = α a + (1 − α) b,  (1 − α) a + α b
///
/// The product of all mixing matrices gives the share of each value at each rank.
///
/// - Paper: Petersen, Borgelt, Kuehne, Deussen. Differentiable Sorting Networks for Scalable Sorting
///   and Ranking Supervision. ICML 2021; the Cauchy relaxation: Monotonic Differentiable Sorting
///   Networks. ICLR 2022. <https://arxiv.org/abs/2105.04019>
///   <https://arxiv.org/abs/2203.09630>
/// - Gradient: reaches the values through the sorted values and the permutation.
/// - Units: sorted values have the unit of the values; rows and columns of the permutation sum to
///   1.
/// - Departures: none from the authors' package diffsort, including its networks for lengths that
///   are not powers of two.
/// - Degenerate: a single value is already sorted.
public struct SortingNetwork: Codable, Hashable, Sendable {
  /// The arrangement of comparators.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// Neighbours, in n layers.
    case oddEven
    /// Batcher's bitonic network, about (log₂ n)² / 2 layers.
    case bitonic
  }

  /// The sigmoid that turns a comparison into a share.
  public enum Relaxation: String, Codable, Hashable, Sendable, CaseIterable {
    /// The Cauchy distribution function: monotonic, with heavy-tailed gradients.
    case cauchy
    /// The logistic function.
    case logistic
  }

  /// The arrangement of comparators.
  public var kind: Kind
  /// The sigmoid that turns a comparison into a share; diffsort uses `cauchy`.
  public var relaxation: Relaxation
  /// The steepness β > 0 of comparisons; default 10, from diffsort.
  public var steepness: Double

  /// Creates the network.
  public init(
    kind: Kind = .oddEven, relaxation: Relaxation = .cauchy, steepness: Double = 10
  ) {
    self.kind = kind
    self.relaxation = relaxation
    self.steepness = steepness
  }

  /// Sorts each row in ascending order.
  ///
  /// - Parameter values: `[B, n]`.
  /// - Returns: the relaxed sorted values, `[B, n]`; the permutation `[B, n, n]`, whose element i,
  ///   j is the share of value i at rank j.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: n ≥ 1, β > 0.
  /// - Complexity: O(B · n² · layers) time and, for the gradient, memory.
  public func callAsFunction(_ values: Tensor) throws -> (sorted: Tensor, permutation: Tensor) {
    precondition(values.dimensionCount == 2 && values.shape[1] > 0, "values \(values.shape)")
    precondition(steepness > 0, "a steepness of \(steepness)")
    return try checked {
      let count = values.size(along: 1)
      var sorted = values
      var permutation = Tensor.identity(count, dtype: values.dtype, device: values.device)
        .expanded(to: [values.size(along: 0), count, count])
      for layer in layers(count) where !layer.isEmpty {
        let smaller = Tensor(layer.map(\.smaller)).moved(to: values.device)
        let larger = Tensor(layer.map(\.larger)).moved(to: values.device)
        let touched = Set(layer.flatMap { [$0.smaller, $0.larger] })
        let others = (0..<count).filter { !touched.contains($0) }
        let wires = layer.map(\.smaller) + layer.map(\.larger) + others
        let places = Tensor(wires.indices.sorted { wires[$0] < wires[$1] })
          .moved(to: values.device)
        let still = Tensor(others, shape: [others.count]).moved(to: values.device)
        let difference =
          (sorted.gathered(rows: larger, along: 1) - sorted.gathered(rows: smaller, along: 1))
          * steepness
        let share =
          switch relaxation {
          case .cauchy: difference.arctangent() * (1 / .pi) + 0.5
          case .logistic: difference.sigmoid()
          }
        func mixed(_ tensor: Tensor, _ share: Tensor, along axis: Int) -> Tensor {
          let a = tensor.gathered(rows: smaller, along: axis)
          let b = tensor.gathered(rows: larger, along: axis)
          let toFirst = share * a + (1 - share) * b
          let toSecond = (1 - share) * a + share * b
          let rest = tensor.gathered(rows: still, along: axis)
          return Tensor.concatenated([toFirst, toSecond, rest], along: axis)
            .gathered(rows: places, along: axis)
        }
        sorted = mixed(sorted, share, along: 1)
        permutation = mixed(permutation, share.expandingDimension(at: 1), along: 2)
      }
      return (sorted, permutation)
    }
  }

  /// The comparators of each layer: the wires for the smaller and the larger value.
  func layers(_ count: Int) -> [[(smaller: Int, larger: Int)]] {
    switch kind {
    case .oddEven:
      return (0..<count).map { layer in
        stride(from: layer % 2, to: count - 1, by: 2).map { ($0, $0 + 1) }
      }
    case .bitonic:
      // A network for a power of two without its first wires and their comparators.
      var blocks = 0
      while 1 << blocks < count { blocks += 1 }
      let missing = (1 << blocks) - count
      return (0..<blocks).flatMap { block in
        (0...block).map { layer in
          let step = 1 << (block - layer)
          return (0..<(1 << blocks)).compactMap { wire in
            guard wire & step == 0, wire >= missing else { return nil }
            let (first, second) = (wire - missing, wire + step - missing)
            return (wire >> (block + 1)) & 1 == 0 ? (first, second) : (second, first)
          }
        }
      }
    }
  }
}

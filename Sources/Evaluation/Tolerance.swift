import Storage
public import Torch

/// The closeness of embeddings of the same class.
///
/// A loss that spreads all embeddings apart also spreads those with the same meaning. With xᵢ the
/// embeddings scaled to unit length, over all pairs i ≠ j of the same class:
///
///     T = mean of xᵢ · xⱼ
///
/// - Paper: Wang, Liu. Understanding the Behaviour of Contrastive Loss. CVPR 2021, the
///   tolerance.
///   <https://arxiv.org/abs/2012.09740>
/// - Units: −1 to 1; 1 if each class is one point.
/// - Departures: the paper writes the mean over all pairs of xᵢ · xⱼ times whether the classes are
///   equal, which depends on the number of classes; this is the mean over pairs of the same class.
/// - Degenerate: if no class has two embeddings, T is 0.
public struct Tolerance: Codable, Hashable, Sendable {
  /// Creates the measure.
  public init() {}

  /// Measures the tolerance of embeddings.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - classes: the class of each, any integer.
  /// - Throws: `ValueError` when there is not one class per embedding; `TorchError` when a libtorch
  ///   operator fails.
  /// - Complexity: O(N · D) time and memory.
  public func callAsFunction(embeddings: Tensor, classes: [Int]) throws -> Double {
    guard embeddings.dimensionCount == 2, embeddings.size(along: 0) == classes.count else {
      throw ValueError(
        "embeddings", reason: "a tensor of shape \(embeddings.shape) with \(classes.count) classes",
        expected: "[N, D] with N classes")
    }
    var numbers: [Int: Int] = [:]
    var counts: [Int] = []
    let rowClasses = classes.map { name in
      let number = numbers[name, default: counts.count]
      if number == counts.count {
        numbers[name] = number
        counts.append(0)
      }
      counts[number] += 1
      return number
    }
    let pairs = counts.reduce(0.0) { $0 + Double($1) * Double($1 - 1) }
    guard pairs > 0 else { return 0 }
    return try checked {
      withoutGradients {
        let rows = unitRows(embeddings)
        let sums = Tensor.zeros(
          [counts.count, rows.size(along: 1)], dtype: .float64, device: rows.device)
        sums.addRowsInPlace(rows, at: Tensor(rowClasses).moved(to: rows.device))
        return (sums.squared().sum().scalar - rows.squared().sum().scalar) / pairs
      }
    }
  }
}

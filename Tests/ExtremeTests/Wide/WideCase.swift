import Extreme
import Storage
import TestSupport
import Torch

/// A wide model and a batch as plain numbers, with the results of plain loops.
struct WideCase: Sendable {
  /// A feature of a document and its value.
  typealias Entry = (feature: Int, value: Double)

  /// The batch's documents.
  var bags: [[Entry]]
  /// Whether the bags' values are stored; they are all 1 otherwise.
  var isWeighted: Bool
  /// `[features][labels]`; nil where there is no pair.
  var weights: [[Double?]]

  var featureCount: Int { weights.count }
  var labelCount: Int { weights.first?.count ?? 0 }

  /// Random numbers with awkward rows: an empty document, one that names a feature twice, the first
  /// and the last feature, a feature without pairs, one with all, the first and the last label.
  static func random(
    seed: UInt64, documents: Int = 6, features: Int = 9, labels: Int = 7, isWeighted: Bool = true
  ) -> WideCase {
    var random = SplitMix64(seed)
    var weights = (0..<features).map { _ in
      (0..<labels).map { _ in
        Int.random(in: 0..<3, using: &random) == 0
          ? Double.random(in: -1...1, using: &random) : nil
      }
    }
    weights[1] = weights[1].map { _ in nil }
    weights[2] = random.doubles(labels)
    weights[0][0] = 0.5
    weights[features - 1][labels - 1] = -0.75
    // Eighths are exact in float32, as which bags are stored.
    func value() -> Double { isWeighted ? Double(random.below(16) - 8) / 8 : 1 }
    var bags: [[Entry]] = (0..<documents).map { _ in
      (0..<(1 + random.below(4))).map { _ in (random.below(features), value()) }
    }
    bags[0] = []
    bags[1] = [(2, value()), (features - 1, value()), (2, value())]
    bags[2] = [(0, value()), (1, value())]
    return WideCase(bags: bags, isWeighted: isWeighted, weights: weights)
  }

  /// The batch as a matrix.
  var matrix: CSRMatrix {
    let plain = CSRMatrix(rows: bags.map { $0.map(\.feature) }, columnCount: featureCount)
    return CSRMatrix(
      rowOffsets: plain.rowOffsets, columns: plain.columns,
      values: isWeighted ? MappedArray(bags.joined().map { Float($0.value) }) : nil,
      columnCount: featureCount)
  }

  /// The features and labels of the pairs, in the pattern's order.
  var pairs: [(feature: Int, label: Int)] {
    weights.indices.flatMap { feature in
      weights[feature].indices.filter { weights[feature][$0] != nil }.map { (feature, $0) }
    }
  }

  /// The pairs' weights in the pattern's order.
  var pairWeights: [Double] { weights.flatMap { $0.compactMap { $0 } } }

  /// The wide part.
  func model(_ dtype: DType = .float64) -> SparseLinear {
    SparseLinear(
      pattern: CSRMatrix(
        rows: weights.map { row in row.indices.filter { row[$0] != nil } },
        columnCount: labelCount),
      weights: Tensor(pairWeights).converted(to: dtype))
  }

  /// The scores, by the sum that defines them.
  var scores: [[Double]] {
    bags.map { bag in
      (0..<labelCount).map { label in
        bag.reduce(0) { $0 + $1.value * (weights[$1.feature][label] ?? 0) }
      }
    }
  }

  /// ∂L/∂W at the pairs, from ∂L/∂s.
  func chained(_ slopes: [[Double]]) -> [Double] {
    pairs.map { pair in
      var sum = 0.0
      for (row, bag) in bags.enumerated() {
        for entry in bag where entry.feature == pair.feature {
          sum += entry.value * slopes[row][pair.label]
        }
      }
      return sum
    }
  }
}

extension CSRMatrix {
  /// The entries as a set of pairs of a row and a column.
  var pairs: [[Int]] {
    (0..<rowCount).flatMap { row in columns(ofRow: row).map { [row, Int($0)] } }
  }
}

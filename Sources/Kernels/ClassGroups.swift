package import Torch

/// The rows of a batch grouped by class, for sums over all rows of a class without materialising
/// pairs.
package struct ClassGroups {
  /// `[N]`, int64: the index of each row's class, in order of first appearance.
  package let indices: Tensor
  /// The number of rows of each class.
  package let counts: [Int]
  /// The class index of each row, as in `indices`.
  package let numbers: [Int]

  package init(_ classes: [Int], device: Device) {
    var found: [Int: Int] = [:]
    var counts: [Int] = []
    numbers = classes.map { name in
      let number = found[name, default: counts.count]
      if number == counts.count {
        found[name] = number
        counts.append(0)
      }
      counts[number] += 1
      return number
    }
    self.counts = counts
    indices = Tensor(numbers).moved(to: device)
  }

  /// The number of other rows in each row's class.
  package var companions: [Int] { numbers.map { counts[$0] - 1 } }

  /// The sum of the rows of each class, `[C, D]`.
  package func sums(of rows: Tensor) -> Tensor {
    Tensor.zeros([counts.count, rows.size(along: 1)], dtype: rows.dtype, device: rows.device)
      .addingRows(rows, at: indices)
  }

  /// Σ xᵢ · xⱼ over the other rows j in i's class, `[N]`.
  package func companionScores(of rows: Tensor) -> Tensor {
    rows.rowProducts(with: sums(of: rows).gathered(rows: indices)) - rows.squared().sum(along: 1)
  }
}

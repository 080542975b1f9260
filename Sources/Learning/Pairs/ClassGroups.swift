internal import Torch

/// The rows of a batch by class, for sums over all rows of a class without a cell for each pair.
struct ClassGroups {
  /// `[N]`, int64: the number of each row's class, counted in the order in which they appear.
  let indices: Tensor
  /// How many rows each class has.
  let counts: [Int]
  /// The class of each row, as in `indices`.
  let numbers: [Int]

  init(_ classes: [Int], device: Device) {
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

  /// How many other rows are of each row's class.
  var companions: [Int] { numbers.map { counts[$0] - 1 } }

  /// The sum of the rows of each class, `[C, D]`.
  func sums(of rows: Tensor) -> Tensor {
    Tensor.zeros([counts.count, rows.size(along: 1)], dtype: rows.dtype, device: rows.device)
      .addingRows(rows, at: indices)
  }

  /// Σ xᵢ · xⱼ over the other rows j of i's class, `[N]`.
  func companionScores(of rows: Tensor) -> Tensor {
    rows.rowProducts(with: sums(of: rows).gathered(rows: indices)) - rows.squared().sum(along: 1)
  }
}

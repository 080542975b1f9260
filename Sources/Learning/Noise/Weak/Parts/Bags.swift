import Torch

/// Groups of rows, of which only an aggregate label is known.
public struct Bags: Hashable, Sendable {
  /// The rows of each bag.
  public let rows: [[Int]]
  /// The bag of each row.
  public let owners: [Int]

  /// Groups `0 ..< N` into bags.
  ///
  /// - Precondition: each of the N rows is in one bag, and no bag is empty.
  public init(rows: [[Int]]) {
    let count = rows.reduce(0) { $0 + $1.count }
    var owners = [Int](repeating: -1, count: count)
    for (bag, members) in rows.enumerated() {
      precondition(!members.isEmpty, "bag \(bag) is empty")
      for row in members {
        precondition(owners.indices.contains(row), "row \(row) of bag \(bag) of \(count) rows")
        precondition(owners[row] < 0, "row \(row) is in the bags \(owners[row]) and \(bag)")
        owners[row] = bag
      }
    }
    (self.rows, self.owners) = (rows, owners)
  }

  /// Groups consecutive rows into bags.
  ///
  /// - Precondition: sizes are positive.
  public init(sizes: [Int]) {
    var start = 0
    self.init(
      rows: sizes.map { size in
        defer { start += size }
        return Array(start..<start + size)
      })
  }

  /// The number of bags B.
  public var count: Int { rows.count }

  /// The number of rows in each bag.
  public var sizes: [Int] { rows.map(\.count) }

  /// The mean of each bag's rows, `[N, C]` → `[B, C]`.
  ///
  /// - Complexity: O(N · C).
  func means(of values: Tensor) -> Tensor {
    let owner = Tensor(owners).moved(to: values.device)
    let sums = Tensor.zeros(
      [count, values.size(along: 1)], dtype: values.dtype, device: values.device
    ).addingRows(values, at: owner)
    return sums / column(sizes.map(Double.init), like: values)
  }

  /// The logarithm of the mean probability in each bag, `[N, C]` → `[B, C]`; exact where all
  /// probabilities of a bag underflow.
  ///
  /// - Parameter logProbabilities: `[N, C]`.
  /// - Complexity: O(B · K · C) time and memory for bags of at most K rows.
  func logMeans(of logProbabilities: Tensor) -> Tensor {
    let (size, classes) = (sizes.max() ?? 0, logProbabilities.size(along: 1))
    // The row after the last stands for no row.
    let nothing = Tensor.full(
      [1, classes], -.infinity, dtype: logProbabilities.dtype,
      device: logProbabilities.device)
    let places = rows.flatMap { $0 + [Int](repeating: owners.count, count: size - $0.count) }
    return Tensor.concatenated([logProbabilities, nothing])
      .gathered(rows: Tensor(places).moved(to: logProbabilities.device))
      .reshaped([count, size, classes]).logSumExp(along: 1)
      - column(sizes.map(Double.init), like: logProbabilities).log()
  }

  /// The share of the rows that each bag holds, `[B, 1]`.
  func weights(like values: Tensor) -> Tensor {
    column(sizes.map { Double($0) / Double(owners.count) }, like: values)
  }

  private func column(_ numbers: [Double], like values: Tensor) -> Tensor {
    Tensor(numbers, shape: [count, 1]).converted(to: values.dtype).moved(to: values.device)
  }
}

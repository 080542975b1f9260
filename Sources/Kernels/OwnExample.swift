package import Storage
package import Torch

extension CSRMatrix {
  /// The cells at which a row of several stacked views meets another view of its example.
  ///
  /// Views are stacked one after the other, so that row i and column j belong to the examples i mod
  /// N and j mod N. With equal numbers of rows, columns and examples this is the diagonal.
  package static func ownExample(rows: Int, columns: Int, examples: Int) -> CSRMatrix {
    let perRow = columns / max(1, examples)
    var cells: [Int32] = []
    cells.reserveCapacity(rows * perRow)
    for row in 0..<rows {
      for view in 0..<perRow { cells.append(Int32(row % examples + view * examples)) }
    }
    return CSRMatrix(
      rowOffsets: MappedArray((0...rows).map { Int64($0 * perRow) }),
      columns: MappedArray(cells), columnCount: columns)
  }
}

extension Tensor {
  /// The inner product of each row with the row of the same index, `[N]`.
  package func rowProducts(with other: Tensor) -> Tensor { (self * other).sum(along: 1) }

  /// The loss of a batch without anything to compare: 0, with gradient 0.
  package var nothingToCompare: Tensor { (self * 0).sum() }
}

/// Traps unless all views are matrices of one shape.
package func checkViews(_ views: [Tensor], atLeast count: Int = 2) {
  precondition(
    views.count >= count && views[0].dimensionCount == 2
      && views.allSatisfy { $0.shape == views[0].shape && $0.dtype == views[0].dtype },
    "views of shapes \(views.map(\.shape)), expected \(count) or more of [N, D]")
}

/// Traps unless the temperature is positive.
package func checkTemperature(_ temperature: Double) {
  precondition(
    temperature > 0 && temperature.isFinite, "the temperature \(temperature) is not positive")
}

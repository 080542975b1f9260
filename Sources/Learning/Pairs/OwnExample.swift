internal import Torch

extension CSRMatrix {
  /// The cells at which a row of several views meets its own example.
  ///
  /// View after view is stacked, so that row i and column j are of the example i mod N and j mod N.
  /// With as many rows, columns and examples it is the diagonal.
  static func ownExample(rows: Int, columns: Int, examples: Int) -> CSRMatrix {
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
  /// The sum of products of each row with the row of the same number, `[N]`.
  func rowProducts(with other: Tensor) -> Tensor { (self * other).sum(along: 1) }

  /// The loss of a batch in which there is nothing to compare: 0, with gradient 0.
  var nothingToCompare: Tensor { (self * 0).sum() }
}

/// Stops unless all views are matrices of one shape.
func checkViews(_ views: [Tensor], atLeast count: Int = 2) {
  precondition(
    views.count >= count && views[0].dimensionCount == 2
      && views.allSatisfy { $0.shape == views[0].shape && $0.dtype == views[0].dtype },
    "views of the shapes \(views.map(\.shape)), not \(count) or more of [N, D]")
}

/// Stops unless the temperature is positive.
func checkTemperature(_ temperature: Double) {
  precondition(
    temperature > 0 && temperature.isFinite, "the temperature \(temperature) is not positive")
}

/// Scales features for linear models and distances.
struct StreamScaling {
  let features: StreamFeatures
  private var rows = 0.0
  private var means: [Double]
  private var squares: [Double]

  init(_ features: StreamFeatures, featureCount: Int) {
    self.features = features
    let count = features == .dense ? featureCount : 0
    means = Array(repeating: 0, count: count)
    squares = Array(repeating: 0, count: count)
  }

  /// Sparse rows scaled to unit length; dense ones in standard deviations from the mean, over
  /// √columns.
  func scaled(_ example: StreamExample) -> StreamExample {
    var result = example
    switch features {
    case .sparse:
      let length = example.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if length > 0 { for index in result.values.indices { result.values[index] /= length } }
    case .dense:
      result.columns = (0..<Int32(means.count)).map { $0 }
      result.values = means.map { -$0 }
      for (column, value) in zip(example.columns, example.values) {
        result.values[Int(column)] += value
      }
      for (column, inverse) in inverseDeviations.enumerated() {
        result.values[column] *= inverse
      }
    }
    return result
  }

  mutating func add(_ example: StreamExample) {
    guard features == .dense else { return }
    rows += 1
    var place = 0
    for column in means.indices {
      var value = 0.0
      if place < example.columns.count, Int(example.columns[place]) == column {
        value = example.values[place]
        place += 1
      }
      let step = value - means[column]
      means[column] += step / rows
      squares[column] += step * (value - means[column])
    }
  }

  /// 1 / (standard deviation · √columns) of each column; 0 if it has been constant.
  var inverseDeviations: [Double] {
    squares.map { sum in
      sum > 1e-12 * rows ? (rows / (sum * Double(squares.count))).squareRoot() : 0
    }
  }
}

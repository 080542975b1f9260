public import Storage

/// Predicts the label nearest to the whole distribution instead of the most probable one.
///
/// With pᵢ the probability of label λᵢ and d a metric on a space Y of labels that contains the λᵢ
/// and possibly others, the prediction is the Fréchet mean
///
///     ŷ = argmin_{y ∈ Y} Σᵢ pᵢ d²(y, λᵢ) / Σᵢ pᵢ
///
/// A label without training examples is predicted if it lies between labels that have some.
///
/// - Paper: Roberts, Li, Adila, Cromp, Huang, Zhao, Sala. Geometry-Aware Adaptation for Pretrained
///   Models. NeurIPS 2023. <https://arxiv.org/abs/2307.12226>
/// - Gradient: none, it is a decision; the authors' straight-through estimator is not implemented.
/// - Units: squared distances of the metric.
/// - Departures: ties in expected distance go to the lowest label index, as in the authors' code,
///   except on a tree, where rounding may decide. Probabilities may be sparse, such as the top
///   hundred of a million labels, and are then treated as the whole distribution.
public struct Loki: Sendable {
  /// The metric on labels.
  public let metric: any LabelMetric
  /// The label of each probability column in the metric; nil if they coincide.
  public let observed: [Int]?

  /// Creates a decision rule from a metric and, if the model knows only some of its labels, those.
  ///
  /// - Throws: `ValueError` if an observed label is not in the metric.
  public init(metric: any LabelMetric, observed: [Int]? = nil) throws {
    if let (column, label) = observed?.enumerated().first(where: {
      !(0..<metric.labelCount ~= $0.element)
    }) {
      throw ValueError(
        "observed labels", reason: "column \(column) is label \(label)",
        expected: "0 ..< \(metric.labelCount), the labels of the metric")
    }
    self.metric = metric
    self.observed = observed
  }

  /// The Fréchet mean of each row; nil for a row without probability.
  ///
  /// - Parameter probabilities: `[rows, observed labels]`; a column at most once per row.
  /// - Throws: `ValueError` if there are more columns than observed labels, or if a probability is
  ///   negative or not finite.
  /// - Complexity: O(N) time per entry, and one call of the metric per distinct column in each
  ///   block of rows; less if the metric has a shortcut. At most about 8 MB of memory, unless a row
  ///   of N numbers needs more.
  public func callAsFunction(_ probabilities: CSRMatrix) throws -> [FrechetMean?] {
    try check(probabilities)
    var means = [FrechetMean?](repeating: nil, count: probabilities.rowCount)
    var rest: [Int] = []
    for row in 0..<probabilities.rowCount {
      let support = support(ofRow: row, probabilities)
      if support.isEmpty { continue }
      means[row] = metric.shortcut(to: support)
      if means[row] == nil { rest.append(row) }
    }
    let blockSize = max(1, (1 << 20) / max(1, metric.labelCount))
    for start in stride(from: 0, to: rest.count, by: blockSize) {
      let rows = rest[start..<min(start + blockSize, rest.count)]
      for (row, mean) in zip(rows, meansOfBlock(probabilities.selecting(rows: rows))) {
        means[row] = mean
      }
    }
    return means
  }

  /// Loops over columns instead of rows, so that distances from a label are computed once per
  /// block.
  private func meansOfBlock(_ block: CSRMatrix) -> [FrechetMean] {
    let count = metric.labelCount
    var sums = [Double](repeating: 0, count: block.rowCount * count)
    var mass = [Double](repeating: 0, count: block.rowCount)
    let columns = block.transposed()
    for column in 0..<columns.rowCount where !columns.entries(ofRow: column).isEmpty {
      let distances = metric.squaredDistances(from: observed?[column] ?? column)
      for entry in columns.entries(ofRow: column) {
        let row = Int(columns.columns[entry])
        let weight = columns.values.map { Double($0[entry]) } ?? 1
        if weight == 0 { continue }
        mass[row] += weight
        for label in 0..<count { sums[row * count + label] += weight * distances[label] }
      }
    }
    return (0..<block.rowCount).map { row in
      var best = 0
      for label in 0..<count where sums[row * count + label] < sums[row * count + best] {
        best = label
      }
      return FrechetMean(label: best, variance: sums[row * count + best] / mass[row])
    }
  }

  private func support(ofRow row: Int, _ probabilities: CSRMatrix) -> [WeightedLabel] {
    probabilities.entries(ofRow: row).compactMap { entry in
      let column = Int(probabilities.columns[entry])
      let weight = probabilities.values.map { Double($0[entry]) } ?? 1
      return weight > 0 ? WeightedLabel(observed?[column] ?? column, weight: weight) : nil
    }
  }

  private func check(_ probabilities: CSRMatrix) throws {
    let known = observed?.count ?? metric.labelCount
    guard probabilities.columnCount <= known else {
      throw ValueError(
        "probabilities", reason: "columns of \(probabilities.columnCount) labels",
        expected: "at most \(known), the observed ones")
    }
    guard let values = probabilities.values else { return }
    for row in 0..<probabilities.rowCount {
      for entry in probabilities.entries(ofRow: row)
      where !(values[entry] >= 0) || values[entry].isInfinite {
        throw ValueError(
          "probabilities",
          reason: "row \(row) gives label \(probabilities.columns[entry]) \(values[entry])",
          expected: "a finite number, at least 0")
      }
    }
  }
}

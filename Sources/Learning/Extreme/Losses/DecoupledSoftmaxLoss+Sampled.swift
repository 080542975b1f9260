import Kernels
public import Storage
public import Torch

extension DecoupledSoftmaxLoss {
  /// The loss over some of the labels, the same for all queries.
  ///
  /// With C the list, c an index in it and q the expected number of times that a label is drawn,
  ///
  ///     nᵢ = log Σ_{c: C(c) ∉ Pᵢ} exp(sᵢ,C(c) − log q(c))
  ///
  /// whose exponential has the full loss's as its mean over draws. Positives are put into the list,
  /// not drawn: their scores have no correction. All of `positives` is masked, drawn or not; only the
  /// positives in the list are compared, and |Pᵢ| and B′ count these alone. To mask a positive
  /// without comparing it, give it the value 0.
  ///
  /// Departure: the authors' code has no correction; for each query it draws one positive and masks
  /// the others.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`: all of them.
  ///   - bias: `[L]`, added to the scores; nil is 0.
  ///   - positives: B rows of columns below L: all of them.
  ///   - candidates: the list C, S numbers below L. A label that is named twice counts twice as a
  ///     negative and once as a positive.
  ///   - logExpectedCounts: log q for each index in the list; nil is 0.
  /// - Returns: a number. Differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, dtypes and devices are equal, τ > 0.
  /// - Complexity: O(B · S · D) time; O(B · `blockSize` + S · D + positives) memory in addition to
  ///   the gradients.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    candidates: [Int], logExpectedCounts: [Double]? = nil
  ) throws -> Tensor {
    let count = labels.size(along: 0)
    for label in candidates {
      precondition(
        label >= 0 && label < count, "the candidate \(label) is outside 0..<\(count)")
    }
    precondition(
      logExpectedCounts.map { $0.count == candidates.count } ?? true,
      "\(logExpectedCounts?.count ?? 0) expected counts for \(candidates.count) candidates")
    var indices: [Int32: [Int]] = [:]
    for (index, label) in candidates.enumerated() {
      indices[Int32(label), default: []].append(index)
    }
    let cells = CSRMatrix(
      gradedRows: (0..<positives.rowCount).map { row in
        CandidateCells.ofPositives(positives, row: row) { indices[$0] ?? [] }
      },
      columnCount: candidates.count)
    let correction = logExpectedCounts.map { Tensor($0).moved(to: queries.device) }
    return try checked {
      let chosen = Tensor(candidates).moved(to: labels.device)
      let chosenBias = bias?.gathered(rows: chosen)
      let minus = correction.map { -$0.converted(to: labels.dtype) }
      let both = chosenBias.map { bias in minus.map { bias + $0 } ?? bias } ?? minus
      return try SampledSoftmax(whole: self, logExpectedCounts: correction)
        .streamed(
          queries: queries, labels: labels.gathered(rows: chosen), bias: both, positives: cells)
    }
  }

  /// The loss over some of the labels, different ones for each query.
  ///
  /// The same formula with one list per query, such as a shortlist of mined labels.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`: all of them.
  ///   - bias: `[L]`, added to the scores; nil is 0.
  ///   - positives: B rows of columns below L: all of them.
  ///   - candidates: B rows of columns below L, the lists; its values are log q, 0 where it has
  ///     none. A label that a row names twice counts twice as a negative and once as a positive.
  /// - Returns: a number. Differentiable any number of times.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, dtypes and devices are equal, τ > 0.
  /// - Complexity: O(B · S · D) time and memory, with S the length of the longest list.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    candidates: CSRMatrix
  ) throws -> Tensor {
    precondition(
      candidates.rowCount == queries.size(along: 0) && positives.rowCount == candidates.rowCount
        && candidates.columnCount == labels.size(along: 0)
        && positives.columnCount == candidates.columnCount,
      "candidates of \(candidates.rowCount) rows and \(candidates.columnCount) columns for "
        + "\(queries.size(along: 0)) queries and \(labels.size(along: 0)) labels")
    let rowCount = candidates.rowCount
    let width = (0..<rowCount).map { candidates.entries(ofRow: $0).count }.max() ?? 0
    var candidateLabels = [Int](repeating: 0, count: rowCount * width)
    var corrections = [Double](repeating: 0, count: candidateLabels.count)
    var cells: [[(Int, Float)]] = []
    for row in 0..<rowCount {
      let entries = candidates.entries(ofRow: row)
      var indices: [Int32: [Int]] = [:]
      for (index, entry) in entries.enumerated() {
        let label = candidates.columns[entry]
        precondition(
          label >= 0 && Int(label) < candidates.columnCount,
          "the candidate \(label) is outside 0..<\(candidates.columnCount)")
        candidateLabels[row * width + index] = Int(label)
        corrections[row * width + index] = candidates.values.map { Double($0[entry]) } ?? 0
        indices[label, default: []].append(index)
      }
      var rowCells = CandidateCells.ofPositives(positives, row: row) { indices[$0] ?? [] }
      for (index, _) in rowCells { corrections[row * width + index] = 0 }
      // The padding of a short list is hidden like a positive that is not compared.
      rowCells += (entries.count..<width).map { ($0, 0) }
      cells.append(rowCells)
    }
    return try checked {
      let chosen = Tensor(candidateLabels).moved(to: labels.device)
      let vectors = labels.gathered(rows: chosen)
        .reshaped([rowCount, width, labels.size(along: 1)])
      let products = vectors.matmul((queries * (1 / temperature)).expandingDimension(at: 2))
      let shape = [rowCount, width]
      var scores = products.squeezed(along: 2)
      if let bias { scores = scores + bias.gathered(rows: chosen).reshaped(shape) }
      let shift = Tensor(corrections, shape: shape).converted(to: scores.dtype)
      return try self(
        scores: scores - shift.moved(to: scores.device),
        positives: CSRMatrix(gradedRows: cells, columnCount: width))
    }
  }
}

/// The positives of a row in a list of candidates.
private enum CandidateCells {
  /// Indices in the list with values; where a label has several indices, the first has its value and
  /// the others have 0.
  static func ofPositives(_ matrix: CSRMatrix, row: Int, indices: (Int32) -> [Int])
    -> [(Int, Float)]
  {
    var grades: [Int32: Float] = [:]
    for entry in matrix.entries(ofRow: row) {
      let grade = matrix.values?[entry] ?? 1
      grades[matrix.columns[entry]] = max(grades[matrix.columns[entry]] ?? 0, grade)
    }
    return grades.flatMap { label, grade in
      indices(label).enumerated().map { ($1, $0 == 0 ? grade : 0) }
    }.sorted { $0.0 < $1.0 }
  }
}

extension CSRMatrix {
  /// Makes a matrix from rows of columns with values.
  fileprivate init(gradedRows rows: [[(Int, Float)]], columnCount: Int) {
    var offsets: [Int64] = [0]
    for row in rows { offsets.append(offsets[offsets.count - 1] + Int64(row.count)) }
    let all = rows.joined()
    self.init(
      rowOffsets: MappedArray(offsets), columns: MappedArray(all.map { Int32($0.0) }),
      values: MappedArray(all.map(\.1)), columnCount: columnCount)
  }
}

/// The loss over a list of labels whose biases contain −log q; positives get it back.
private struct SampledSoftmax: StreamedLoss {
  static let name = "DecoupledSoftmaxLoss"

  let whole: DecoupledSoftmaxLoss
  let logExpectedCounts: Tensor?  // [S], float64

  var temperature: Double { whole.temperature }
  var blockSize: Int? { whole.blockSize }
  var sums: LabelSums { whole.sums }

  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    whole.value(
      of: sums, positives: positives, positiveScores: corrected(positiveScores, positives))
  }

  func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  {
    whole.gradient(
      of: sums, positives: positives, positiveScores: corrected(positiveScores, positives))
  }

  private func corrected(_ scores: Tensor, _ positives: PositiveCells) -> Tensor {
    logExpectedCounts.map { scores + $0.gathered(rows: positives.columns) } ?? scores
  }
}

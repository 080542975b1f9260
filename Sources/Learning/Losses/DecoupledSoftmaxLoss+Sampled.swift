public import Torch

extension DecoupledSoftmaxLoss {
  /// The loss over some of the labels, the same for all queries.
  ///
  /// With C the list, c its place and q the expected number of times that a label is drawn into it,
  ///
  ///     nᵢ = log Σ_{c: C(c) ∉ Pᵢ} exp(sᵢ,C(c) − log q(c))
  ///
  /// whose exponential has the full loss's as its mean over draws. Positives are there because
  /// they are wanted, not because they were drawn: their own scores stay as they are. All of
  /// `positives` is masked, however it came into the list; the positives in the list are compared,
  /// and |Pᵢ| and B′ count these alone. To mask a positive without comparing it, give it the value
  /// 0.
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
  ///   - logExpectedCounts: log q for each place of the list; nil is 0.
  /// - Returns: a number. Differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit, dtypes and devices are equal, τ > 0.
  /// - Complexity: O(B · S · D) time; O(B · `blockSize` + S · D + positives) memory besides the
  ///   gradients.
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
    var places: [Int32: [Int]] = [:]
    for (place, label) in candidates.enumerated() {
      places[Int32(label), default: []].append(place)
    }
    let cells = CSRMatrix(
      gradedRows: (0..<positives.rowCount).map { row in
        CandidatePlaces.ofPositives(positives, row: row) { places[$0] ?? [] }
      },
      columnCount: candidates.count)
    let correction = logExpectedCounts.map { Tensor($0).moved(to: queries.device) }
    return try checked {
      let chosen = Tensor(candidates).moved(to: labels.device)
      let ownBias = bias?.gathered(rows: chosen)
      let minus = correction.map { -$0.converted(to: labels.dtype) }
      let both = ownBias.map { own in minus.map { own + $0 } ?? own } ?? minus
      return try SampledSoftmax(whole: self, logExpectedCounts: correction)
        .streamed(
          queries: queries, labels: labels.gathered(rows: chosen), bias: both, positives: cells,
          beside: nil)
    }
  }

  /// The loss over some of the labels, others for each query.
  ///
  /// The same formula with a list a query, shortlists of mined labels for instance.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`: all of them.
  ///   - bias: `[L]`, added to the scores; nil is 0.
  ///   - positives: B rows of columns below L: all of them.
  ///   - candidates: B rows of columns below L, the lists; its values are log q, 0 where it has
  ///     none. A label that a row names twice counts twice as a negative and once as a positive.
  /// - Returns: a number. Differentiable any number of times.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit, dtypes and devices are equal, τ > 0.
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
    var indices = [Int](repeating: 0, count: rowCount * width)
    var corrections = [Double](repeating: 0, count: indices.count)
    var cells: [[(Int, Float)]] = []
    for row in 0..<rowCount {
      let entries = candidates.entries(ofRow: row)
      var places: [Int32: [Int]] = [:]
      for (place, entry) in entries.enumerated() {
        let label = candidates.columns[entry]
        precondition(
          label >= 0 && Int(label) < candidates.columnCount,
          "the candidate \(label) is outside 0..<\(candidates.columnCount)")
        indices[row * width + place] = Int(label)
        corrections[row * width + place] = candidates.values.map { Double($0[entry]) } ?? 0
        places[label, default: []].append(place)
      }
      var own = CandidatePlaces.ofPositives(positives, row: row) { places[$0] ?? [] }
      for (place, _) in own { corrections[row * width + place] = 0 }
      // What fills up a short list is hidden like a positive that is not compared.
      own += (entries.count..<width).map { ($0, 0) }
      cells.append(own)
    }
    return try checked {
      let chosen = Tensor(indices).moved(to: labels.device)
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

/// Where the positives of a row stand in a list of candidates.
private enum CandidatePlaces {
  /// Places with values; of several places of a label the first has its value, the others 0.
  static func ofPositives(_ matrix: CSRMatrix, row: Int, places: (Int32) -> [Int])
    -> [(Int, Float)]
  {
    var grades: [Int32: Float] = [:]
    for entry in matrix.entries(ofRow: row) {
      let grade = matrix.values?[entry] ?? 1
      grades[matrix.columns[entry]] = max(grades[matrix.columns[entry]] ?? 0, grade)
    }
    return grades.flatMap { label, grade in
      places(label).enumerated().map { ($1, $0 == 0 ? grade : 0) }
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

/// The loss over a list of labels whose biases hold −log q; positives get theirs back.
private struct SampledSoftmax: StreamedLoss {
  static let name = "DecoupledSoftmaxLoss"
  static let hidesPositives = true

  let whole: DecoupledSoftmaxLoss
  let logExpectedCounts: Tensor?  // [S], float64

  var temperature: Double { whole.temperature }
  var blockSize: Int? { whole.blockSize }

  func makePass(positives: PositiveCells, like model: Tensor) -> RunningLogSumExp {
    whole.makePass(positives: positives, like: model)
  }

  func add(_ scores: Tensor, to pass: RunningLogSumExp) { whole.add(scores, to: pass) }

  func value(of pass: RunningLogSumExp, positives: PositiveCells, scores: Tensor) -> Tensor {
    whole.value(of: pass, positives: positives, scores: own(scores, positives))
  }

  func gradient(of pass: RunningLogSumExp, positives: PositiveCells, scores: Tensor)
    -> ScoreGradient
  {
    whole.gradient(of: pass, positives: positives, scores: own(scores, positives))
  }

  private func own(_ scores: Tensor, _ positives: PositiveCells) -> Tensor {
    logExpectedCounts.map { scores + $0.gathered(rows: positives.columns) } ?? scores
  }
}

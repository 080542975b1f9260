import Storage
import TestSupport
import Testing
import Torch

/// A loss and its gradients.
struct Differentiated {
  var value: Double
  var queries: [Double]
  var labels: [Double]
  var bias: [Double]
}

/// Inputs of a loss as plain numbers.
struct LabelCase: Sendable {
  var queries: [[Double]]
  var labels: [[Double]]
  var bias: [Double]
  var positives: [[Int]]
  var temperature: Double
  /// How relevant each positive is; nil is 1.
  var grades: [[Float]]?

  /// Random numbers with awkward positives: none, all, the first and last label, named twice.
  static func random(seed: UInt64, labels labelCount: Int = 7, temperature: Double) -> LabelCase {
    var random = SplitMix64(seed)
    let width = 3
    let positives = [
      [0, labelCount - 1], [], [3], Array(0..<labelCount), [5, 2, 5, 1], [labelCount - 1],
    ]
    func rows(_ count: Int) -> [[Double]] { (0..<count).map { _ in random.doubles(width) } }
    return LabelCase(
      queries: rows(positives.count), labels: rows(labelCount), bias: random.doubles(labelCount),
      positives: positives, temperature: temperature)
  }

  var matrix: CSRMatrix {
    let plain = CSRMatrix(rows: positives, columnCount: labels.count)
    return CSRMatrix(
      rowOffsets: plain.rowOffsets, columns: plain.columns,
      values: grades.map { MappedArray(Array($0.joined())) }, columnCount: plain.columnCount)
  }

  var scores: [[Double]] {
    queries.map { x in
      zip(labels, bias).map { y, b in zip(x, y).reduce(b) { $0 + $1.0 * $1.1 / temperature } }
    }
  }

  /// Gradients of the embeddings from those of the scores, by loops.
  func chained(value: Double, scoreGradient: [[Double]]) -> Differentiated {
    let width = queries[0].count
    var result = Differentiated(
      value: value, queries: [Double](repeating: 0, count: queries.count * width),
      labels: [Double](repeating: 0, count: labels.count * width),
      bias: [Double](repeating: 0, count: labels.count))
    for (i, row) in scoreGradient.enumerated() {
      for (j, slope) in row.enumerated() {
        result.bias[j] += slope
        for d in 0..<width {
          result.queries[i * width + d] += slope * labels[j][d] / temperature
          result.labels[j * width + d] += slope * queries[i][d] / temperature
        }
      }
    }
    return result
  }

  /// The result of the streaming form.
  func streamed<Loss: LabelLoss>(
    _ type: Loss.Type, blockSize: Int? = nil, dtype: DType = .float64, start: Double = 1
  ) throws -> Differentiated {
    try differentiated(dtype, start) { x, y, b in
      try Loss(temperature: temperature, blockSize: blockSize)(
        queries: x, labels: y, bias: b, positives: matrix)
    }
  }

  /// The result of the form over a score matrix.
  func composed<Loss: LabelLoss>(_ type: Loss.Type, dtype: DType = .float64) throws
    -> Differentiated
  {
    try differentiated(dtype, 1) { x, y, b in
      let scores = x.matmul(y.transposed()) * (1 / temperature) + b
      return try Loss(temperature: 1, blockSize: nil)(scores: scores, positives: matrix)
    }
  }

  /// A loss of queries, labels and biases, with its gradients.
  func differentiated(
    _ dtype: DType = .float64, _ start: Double = 1,
    _ loss: (Tensor, Tensor, Tensor) throws -> Tensor
  ) throws -> Differentiated {
    let leaves = [Tensor(rows: queries), Tensor(rows: labels), Tensor(bias)]
      .map { $0.converted(to: dtype).requiringGradient() }
    let value = try loss(leaves[0], leaves[1], leaves[2])
    let slopes = try gradients(
      of: value, withRespectTo: leaves, start: Tensor(start, dtype: dtype))
    return Differentiated(
      value: value.scalar, queries: slopes[0]?.doubles() ?? [],
      labels: slopes[1]?.doubles() ?? [], bias: slopes[2]?.doubles() ?? [])
  }
}

func expectClose(
  _ actual: Differentiated, _ expected: Differentiated, tolerance: Double = 1e-12,
  _ label: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  func check(_ a: [Double], _ b: [Double], _ part: String) {
    expectClose(
      a, b, tolerance: tolerance, "\(label) \(part)", sourceLocation: sourceLocation)
  }
  check([actual.value], [expected.value], "value")
  check(actual.queries, expected.queries, "gradient of queries")
  check(actual.labels, expected.labels, "gradient of labels")
  check(actual.bias, expected.bias, "gradient of bias")
}

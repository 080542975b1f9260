import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

extension SoftTopKLoss: LabelLoss {
  /// Two places, so that there are positives on either side of the threshold.
  init(temperature: Double, blockSize: Int?) {
    self.init(temperature: temperature, places: .fixed(2), sharpness: 2, blockSize: blockSize)
  }
}

/// Two places, or as many as positives.
struct TwoPlacesOrMore: LabelLoss {
  var loss: SoftTopKLoss

  init(temperature: Double, blockSize: Int?) {
    loss = SoftTopKLoss(
      temperature: temperature, places: .atLeast(2), sharpness: 2, blockSize: blockSize)
  }

  func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?
  ) throws -> Tensor {
    try loss(
      queries: queries, labels: labels, bias: bias, positives: positives, offset: offset)
  }

  func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    try loss(scores: scores, positives: positives)
  }
}

/// As many places as positives.
struct PlaceForEachPositive: LabelLoss {
  var loss: SoftTopKLoss

  init(temperature: Double, blockSize: Int?) {
    loss = SoftTopKLoss(
      temperature: temperature, places: .positives, sharpness: 0.8, blockSize: blockSize)
  }

  func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?
  ) throws
    -> Tensor
  {
    try loss(
      queries: queries, labels: labels, bias: bias, positives: positives, offset: offset)
  }

  func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    try loss(scores: scores, positives: positives)
  }
}

@Suite struct SoftTopKLossTests {
  typealias Loss = SoftTopKLoss

  /// log σ(z).
  private static func logSigmoid(_ z: Double) -> Double {
    z < 0 ? z - log1p(exp(z)) : -log1p(exp(-z))
  }

  private static func logSum(_ terms: [Double]) -> Double {
    guard let peak = terms.max(), peak > -.infinity else { return -.infinity }
    return peak + log(terms.reduce(0) { $0 + exp($1 - peak) })
  }

  /// By bisection; logarithms of the missing part above and of the accepted part below decide
  /// whether too much is accepted.
  private static func threshold(_ row: [Double], _ places: Int, _ sharpness: Double) -> Double {
    var (low, high) = (-row.max()! - 100, -row.min()! + 100)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      let z = row.map { sharpness * ($0 + middle) }
      let above = z.filter { $0 > 0 }.map { logSigmoid(-$0) }
      let below = z.filter { $0 <= 0 }.map { logSigmoid($0) }
      let isTooMuch =
        above.count == places
        ? logSum(below) > logSum(above)
        : Double(above.count - places) + exp(logSum(below)) - exp(logSum(above)) > 0
      if isTooMuch { high = middle } else { low = middle }
    }
    return (low + high) / 2
  }

  static func equation(
    _ scores: [[Double]], _ positives: [[Int]], sharpness: Double, places: (Int) -> Int
  ) -> (value: Double, gradient: [[Double]]) {
    var value = 0.0
    var gradient = scores.map { $0.map { _ in 0.0 } }
    let rows = Double(positives.filter { !$0.isEmpty }.count)
    for (i, row) in scores.enumerated() {
      let wanted = Set(positives[i])
      let count = places(wanted.count)
      guard !wanted.isEmpty, count < row.count else { continue }
      let t = threshold(row, count, sharpness)
      let z = row.map { sharpness * ($0 + t) }
      let slopes = z.map { logSigmoid($0) + logSigmoid(-$0) }
      let total = logSum(slopes)
      let weight = 1 / (rows * Double(wanted.count))
      for p in wanted {
        value -= weight * logSigmoid(z[p])
        let pull = weight * sharpness * exp(logSigmoid(-z[p]))
        gradient[i][p] -= pull
        for j in row.indices { gradient[i][j] += pull * exp(slopes[j] - total) }
      }
    }
    return (value, gradient)
  }

  static func fixed(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) { equation(scores, positives, sharpness: 2) { _ in 2 } }

  static func perRow(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) { equation(scores, positives, sharpness: 0.8) { $0 } }

  static func twoOrMore(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) { equation(scores, positives, sharpness: 2) { max(2, $0) } }

  @Test func `the gradients of a query sum to zero`() throws {
    let example = LabelCase.random(seed: 8, labels: 40, temperature: 0.05)
    for i in example.queries.indices {
      var single = example
      single.queries = [example.queries[i]]
      single.positives = [example.positives[i]]
      let bias = try single.streamed(Loss.self, blockSize: 7).bias
      expectClose(bias.reduce(0, +), 0, tolerance: 1e-14)
      if i == 0 { #expect(bias.contains { abs($0) > 1e-3 }) }
    }
  }

  @Test func `thresholds admit K labels`() throws {
    let example = LabelCase.random(seed: 9, labels: 40, temperature: 0.2)
    let loss = SoftTopKLoss(temperature: 0.2, places: .fixed(3), sharpness: 1.5, blockSize: 9)
    let inputs = (Tensor(rows: example.queries), Tensor(rows: example.labels))
    let (value, found) = try loss.withThresholds(
      queries: inputs.0, labels: inputs.1, bias: Tensor(example.bias), positives: example.matrix)
    for (row, t) in zip(example.scores, found.doubles()) {
      expectClose(
        row.reduce(0) { $0 + 1 / (1 + exp(-1.5 * ($1 + t))) }, 3, tolerance: 1e-12, "accepted")
    }
    // Neither a good nor a bad start makes a difference.
    for start in [found, found - 50, found + 50, found * .nan, found.converted(to: .float32)] {
      let again = try loss.withThresholds(
        queries: inputs.0, labels: inputs.1, bias: Tensor(example.bias),
        positives: example.matrix, start: start)
      expectClose(again.loss, value, tolerance: 1e-13)
      expectClose(again.thresholds, found, tolerance: 1e-13)
    }
  }

  /// Float32 goes through the interface library, where known starts save the first sweep and rows
  /// that have arrived are left alone.
  @Test(arguments: [SoftTopKLoss.Places.fixed(3), .fixed(150), .positives, .atLeast(2)])
  func `warm starts do not change Float32 results`(places: SoftTopKLoss.Places) throws {
    let generator = Generator(seed: 4)
    let (rows, labels) = (130, 150)
    let queries = Tensor.normal([rows, 8], generator: generator) * 2
    let vectors = Tensor.normal([labels, 8], generator: generator)
    let positives = CSRMatrix(
      rows: (0..<rows).map { row in
        switch row {
        case 3: []
        case 7: Array(0..<labels)
        default: Array(0..<(1 + row % 6)).map { ($0 * 31 + row) % labels }
        }
      }, columnCount: labels)
    let loss = SoftTopKLoss(temperature: 1, places: places)
    func found(_ start: Tensor?, _ dtype: DType) throws -> (Tensor, Tensor, Tensor) {
      let leaf = queries.converted(to: dtype).requiringGradient()
      let (value, thresholds) = try loss.withThresholds(
        queries: leaf, labels: vectors.converted(to: dtype), positives: positives, start: start)
      try value.backward()
      return (value.detached(), thresholds, try #require(leaf.gradient))
    }
    let (value, thresholds, gradient) = try found(nil, .float64)
    let noise = Tensor.normal([rows], generator: generator, dtype: .float64)
    let hole = Tensor((0..<rows).map { $0 == 5 ? Double.nan : 0 })
    let starts = [
      nil, thresholds, thresholds + noise * 0.01, thresholds + noise, thresholds + noise * 30,
      thresholds - 50, thresholds + 1000, thresholds + hole, noise * 0,
    ]
    for (index, start) in starts.enumerated() {
      let again = try found(start, .float32)
      expectClose(again.0.converted(to: .float64), value, tolerance: 2e-6, "value \(index)")
      expectClose(again.1, thresholds, tolerance: 2e-5, "thresholds \(index)")
      expectClose(
        again.2.converted(to: .float64), gradient, tolerance: 2e-6, "gradient \(index)")
    }
  }

  @Test func `equal scores give the chance level`() throws {
    let example = LabelCase(
      queries: [[0], [0]], labels: Array(repeating: [1], count: 9),
      bias: Array(repeating: 0.3, count: 9), positives: [[0], [8, 2, 4]], temperature: 1)
    expectClose(
      try example.streamed(Loss.self, blockSize: 4).value, log(4.5), tolerance: 1e-12)
    expectClose(
      try example.streamed(PlaceForEachPositive.self, blockSize: 4).value,
      (log(9) + log(3)) / 2, tolerance: 1e-12)
  }

  @Test func `two labels match values by hand`() throws {
    // One place for two labels: the threshold is in the middle, z = ±α (s₀ − s₁) / 2.
    let example = LabelCase(
      queries: [[1]], labels: [[3], [1]], bias: [0, 0], positives: [[1]], temperature: 1)
    let found = try example.streamed(PlaceForEachPositive.self, blockSize: 1)
    expectClose(found.value, log(1 + exp(0.8)), tolerance: 1e-13)
    let slope = 0.4 / (1 + exp(-0.8))
    expectClose(found.bias, [slope, -slope], tolerance: 1e-13)
  }

  @Test func `a place for every label gives zero loss`() throws {
    var example = LabelCase.random(seed: 10, temperature: 1)
    let none = example.chained(value: 0, scoreGradient: example.scores.map { $0.map { _ in 0 } })
    example.positives = Array(repeating: Array(0..<7), count: 6)
    expectClose(try example.streamed(PlaceForEachPositive.self, blockSize: 3), none, "all places")
    expectClose(try example.composed(PlaceForEachPositive.self), none, "all places")
  }

  @Test func `labels hidden by bias take no rank`() throws {
    var example = LabelCase.random(seed: 11, temperature: 1)
    example.positives = [[0], [0, 2], [], [6], [0], [0, 2]]
    example.bias = [0, -.infinity, 0, -.infinity, -.infinity, -.infinity, 1]
    var visible = example
    visible.labels = [0, 2, 6].map { example.labels[$0] }
    visible.bias = [0, 0, 1]
    visible.positives = [[0], [0, 1], [], [2], [0], [0, 1]]
    let expected = try visible.streamed(Loss.self)
    for size in [1, 3, nil] {
      let found = try example.streamed(Loss.self, blockSize: size)
      expectClose(found.value, expected.value, tolerance: 1e-12)
      expectClose(found.queries, expected.queries, tolerance: 1e-12)
      let bias = expected.bias
      expectClose(found.bias, [bias[0], 0, bias[1], 0, 0, 0, bias[2]], tolerance: 1e-12)
    }
    expectClose(try example.composed(Loss.self).bias[2], expected.bias[1], tolerance: 1e-12)
  }

  @Test func `the composite form differentiates twice`() throws {
    let example = LabelCase.random(seed: 12, temperature: 0.5)
    let loss = Loss(temperature: 1, blockSize: nil)
    func slope(_ scores: Tensor, creatingGraph: Bool) throws -> Tensor {
      let value = try loss(scores: scores, positives: example.matrix)
      return try #require(
        try gradients(of: value, withRespectTo: [scores], creatingGraph: creatingGraph)[0])
    }
    let scores = Tensor(rows: example.scores)
    let direction = Tensor(rows: LabelCase.random(seed: 13, temperature: 0.5).scores)
    let leaf = scores.requiringGradient()
    let along = try (slope(leaf, creatingGraph: true) * direction).sum()
    let curvature = try gradients(of: along, withRespectTo: [leaf])[0]
    let step = 1e-5
    let high = try slope((scores + direction * step).requiringGradient(), creatingGraph: false)
    let low = try slope((scores - direction * step).requiringGradient(), creatingGraph: false)
    expectClose(curvature, (high - low) * (0.5 / step), tolerance: 1e-8)
  }

  private static func attempt(_ loss: SoftTopKLoss, start: Tensor? = nil) {
    do {
      _ = try loss.withThresholds(
        queries: .zeros([2, 3]), labels: .zeros([4, 3]),
        positives: CSRMatrix(rows: [[0], [3]], columnCount: 4), start: start)
    } catch {}
  }

  @Test func `accepts valid options`() {
    Self.attempt(SoftTopKLoss(places: .fixed(1), sharpness: 1), start: .zeros([2]))
  }

  @Test func `traps on sharpness 0`() async {
    await #expect(processExitsWith: .failure) {
      SoftTopKLossTests.attempt(SoftTopKLoss(sharpness: 0))
    }
  }

  @Test func `traps on K of 0`() async {
    await #expect(processExitsWith: .failure) {
      SoftTopKLossTests.attempt(SoftTopKLoss(places: .fixed(0)))
    }
  }

  @Test func `traps on thresholds of another query count`() async {
    await #expect(processExitsWith: .failure) {
      SoftTopKLossTests.attempt(SoftTopKLoss(), start: .zeros([1]))
    }
  }
}

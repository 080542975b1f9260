import Extreme
import Storage
import TestSupport
import Testing
import Torch

/// Gradients of a wide model through the losses over label blocks.
@Suite struct SparseLinearGradientTests {
  /// A loss of embeddings and wide scores, and all its gradients.
  private struct Whole {
    var value: Double
    var embeddings: [[Double]]
    var weights: [Double]
  }

  private let labelCase = LabelCase.random(seed: 21, temperature: 0.7)

  private func wideCase(isWeighted: Bool = true) -> WideCase {
    .random(seed: 22, isWeighted: isWeighted)
  }

  private func leaves(_ dtype: DType) -> [Tensor] {
    [Tensor(rows: labelCase.queries), Tensor(rows: labelCase.labels), Tensor(labelCase.bias)]
      .map { $0.converted(to: dtype).requiringGradient() }
  }

  private func streamed<Loss: LabelLoss>(
    _ type: Loss.Type, _ wide: WideCase, blockSize: Int?, dtype: DType = .float64,
    times: Double = 1
  ) throws -> Whole {
    let leaves = leaves(dtype)
    let offset = wide.model(dtype)(wide.matrix)
    let value = try Loss(temperature: labelCase.temperature, blockSize: blockSize)(
      queries: leaves[0], labels: leaves[1], bias: leaves[2], positives: labelCase.matrix,
      offset: offset)
    #expect(offset.denseGradient() == nil)
    let slopes = try gradients(of: value * times, withRespectTo: leaves)
    return Whole(
      value: value.scalar, embeddings: slopes.map { $0?.doubles() ?? [] },
      weights: try #require(offset.denseGradient()).doubles())
  }

  /// The same by the whole score matrix, libtorch's gradients and a loop.
  private func composed<Loss: LabelLoss>(_ type: Loss.Type, _ wide: WideCase) throws -> Whole {
    let leaves = leaves(.float64)
    let added = Tensor(rows: wide.scores).requiringGradient()
    let scores =
      leaves[0].matmul(leaves[1].transposed()) * (1 / labelCase.temperature) + leaves[2] + added
    let value = try Loss(temperature: 1, blockSize: nil)(
      scores: scores, positives: labelCase.matrix)
    let slopes = try gradients(of: value, withRespectTo: leaves + [added])
    let ofScores = try #require(slopes[3]).doubles()
    let rows = stride(from: 0, to: ofScores.count, by: wide.labelCount).map {
      Array(ofScores[$0..<($0 + wide.labelCount)])
    }
    return Whole(
      value: value.scalar, embeddings: slopes[..<3].map { $0?.doubles() ?? [] },
      weights: wide.chained(rows))
  }

  private func expectClose(
    _ found: Whole, _ expected: Whole, times: Double = 1, tolerance: Double, _ label: String
  ) {
    TestSupport.expectClose(found.value, expected.value, tolerance: tolerance, label)
    for (name, pair) in zip(
      ["queries", "labels", "bias"], zip(found.embeddings, expected.embeddings))
    {
      TestSupport.expectClose(
        pair.0, pair.1.map { times * $0 }, tolerance: tolerance, "\(label) \(name)")
    }
    TestSupport.expectClose(
      found.weights, expected.weights.map { times * $0 }, tolerance: tolerance, "\(label) weights")
  }

  private func agree<Loss: LabelLoss>(_ type: Loss.Type) throws {
    for isWeighted in [true, false] {
      let wide = wideCase(isWeighted: isWeighted)
      let expected = try composed(type, wide)
      #expect(expected.weights.contains { abs($0) > 0.01 })
      for size in LabelLossChecks.blockSizes {
        for times in [1.0, 3, -0.5] {
          let label = "\(type), blocks of \(size ?? 0), times \(times)"
          expectClose(
            try streamed(type, wide, blockSize: size, times: times), expected, times: times,
            tolerance: 1e-11, label)
          expectClose(
            try streamed(type, wide, blockSize: size, dtype: .float32, times: times), expected,
            times: times, tolerance: 3e-6, "\(label), float32")
        }
      }
    }
  }

  @Test func `every loss agrees with the full matrix`() throws {
    for row in LabelLossTable.losses { try agree(row.type) }
  }

  private func matchDifferences<Loss: LabelLoss>(_ type: Loss.Type) throws {
    let wide = wideCase()
    let analytic = try streamed(type, wide, blockSize: 3).weights
    let step = 1e-5
    let numeric = try wide.pairs.map { pair in
      func value(_ move: Double) throws -> Double {
        var moved = wide
        moved.weights[pair.feature][pair.label] =
          (wide.weights[pair.feature][pair.label] ?? 0) + move
        return try streamed(type, moved, blockSize: 3).value
      }
      return try (value(step) - value(-step)) / (2 * step)
    }
    // The differences' own error is of the order of step².
    TestSupport.expectClose(analytic, numeric, tolerance: 1e-8)
  }

  @Test func `gradient matches finite differences`() throws {
    try matchDifferences(DecoupledSoftmaxLoss.self)
    try matchDifferences(BinaryCrossEntropyLoss.self)
  }

  @Test func `gradients of two backward passes add up`() throws {
    let wide = wideCase()
    let leaf = Tensor(rows: labelCase.queries).requiringGradient()
    let offset = wide.model()(wide.matrix)
    let value = try DecoupledSoftmaxLoss(temperature: 0.7)(
      queries: leaf, labels: Tensor(rows: labelCase.labels), bias: Tensor(labelCase.bias),
      positives: labelCase.matrix, offset: offset)
    _ = try gradients(of: value, withRespectTo: [leaf], retainingGraph: true)
    let once = try #require(offset.denseGradient())
    _ = try gradients(of: value * 2, withRespectTo: [leaf])
    TestSupport.expectClose(offset.denseGradient(), once * 3, tolerance: 1e-14)
    // A step takes them, so that a second one changes nothing.
    let optimizer = SparseLinearAdagrad(offset.source, learningRate: 0.1)
    optimizer.step(offset)
    #expect(offset.denseGradient() == nil)
    let moved = offset.source.weights.copied()
    optimizer.step(offset)
    #expect(offset.source.weights.isIdentical(to: moved))
  }

  @Test func `is bit-identical for every thread count`() throws {
    let wide = WideCase.random(seed: 23, documents: 130, features: 260, labels: 301)
    let generator = Generator(seed: 24)
    let leaves = [
      Tensor.normal([130, 8], generator: generator), Tensor.normal([301, 8], generator: generator),
    ].map { $0.requiringGradient() }
    let positives = CSRMatrix(rows: (0..<130).map { [$0 * 7 % 301] }, columnCount: 301)
    func results() throws -> [Tensor] {
      let offset = wide.model(.float32)(wide.matrix)
      let scores = offset.matrix()
      let value = try DecoupledSoftmaxLoss(temperature: 1, blockSize: 100)(
        queries: leaves[0], labels: leaves[1], positives: positives, offset: offset)
      _ = try gradients(of: value, withRespectTo: leaves)
      let gradient = try #require(offset.denseGradient())
      let optimizer = SparseLinearAdagrad(offset.source, learningRate: 0.3)
      optimizer.step(offset)
      return [scores, value, gradient, offset.source.weights] + optimizer.state.values
    }
    let (one, two) = (try Runtime.withThreads(1, results), try Runtime.withThreads(2, results))
    #expect(one.count == 5)
    for (index, pair) in zip(one, two).enumerated() {
      #expect(pair.0.isIdentical(to: pair.1), "result \(index)")
    }
    TestSupport.expectClose(one[0], Tensor(rows: wide.scores), tolerance: 1e-6)
  }

  // MARK: Shapes that do not fit

  @Test func `traps on scores of other documents`() async {
    await #expect(processExitsWith: .failure) {
      try SparseLinearGradientTests.loss(documents: 3, labels: 4, .float32)
    }
  }

  @Test func `traps on scores of other labels`() async {
    await #expect(processExitsWith: .failure) {
      try SparseLinearGradientTests.loss(documents: 2, labels: 5, .float32)
    }
  }

  @Test func `traps on another precision`() async {
    await #expect(processExitsWith: .failure) {
      try SparseLinearGradientTests.loss(documents: 2, labels: 4, .float64)
    }
  }

  @Test func `accepts matching scores`() throws {
    try Self.loss(documents: 2, labels: 4, .float32)
  }

  /// A loss of two queries and four labels with a wide model of the given sizes.
  private static func loss(documents: Int, labels: Int, _ dtype: DType) throws {
    let wide = SparseLinear(
      pattern: CSRMatrix(rows: [[0]], columnCount: labels), weights: .zeros([1], dtype: dtype))
    let bags = CSRMatrix(rows: [[Int]](repeating: [0], count: documents), columnCount: 1)
    _ = try DecoupledSoftmaxLoss()(
      queries: .zeros([2, 3]), labels: .zeros([4, 3]),
      positives: CSRMatrix(rows: [[0], [3]], columnCount: 4), offset: wide(bags))
  }
}

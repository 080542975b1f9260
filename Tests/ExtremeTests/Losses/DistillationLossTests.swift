import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// Probabilities are float32 numbers, so that values agree to about seven digits.
@Suite struct DistillationLossTests {
  private struct Options: Decodable {
    let temperature: Double
    let softness: Double
  }

  private struct Inputs: Decodable {
    let queries: [[Double]]
    let labels: [[Double]]
    let bias: [Double]?
  }

  private struct Case: Decodable {
    let options: Options
    let inputs: Inputs
    let lists: [[Int]]
    let scores: [[Float]]
    let value: Double
    let gradients: Inputs
  }

  private func lists(_ labels: [[Int]], _ scores: [[Float]], of count: Int) -> CSRMatrix {
    let plain = CSRMatrix(rows: labels, columnCount: count)
    return CSRMatrix(
      rowOffsets: plain.rowOffsets, columns: plain.columns,
      values: MappedArray(Array(scores.joined())), columnCount: count)
  }

  private func loss(_ options: Options, blockSize: Int?) -> DistillationLoss {
    DistillationLoss(
      temperature: options.temperature, softness: options.softness, blockSize: blockSize)
  }

  /// Teachers of five labels: lists of none, one, some and all of them.
  private let random: (labels: [[Int]], scores: [[Float]]) = (
    [[0, 3], [], [4], [0, 1, 2, 3, 4]], [[1.5, -0.5], [], [2], [0.25, 1, -3, 0, 2.5]]
  )

  @Test(arguments: [1, 2, nil]) func `agrees with PyTorch`(blockSize: Int?) throws {
    let golden = try Golden<Case>("DistillationLoss")
    #expect(golden.cases.count == 4)
    for found in golden.cases {
      let x = Tensor(rows: found.inputs.queries).requiringGradient()
      let y = Tensor(rows: found.inputs.labels).requiringGradient()
      let b = found.inputs.bias.map { Tensor($0).requiringGradient() }
      let value = try loss(found.options, blockSize: blockSize)(
        queries: x, labels: y, bias: b,
        teacher: lists(found.lists, found.scores, of: found.inputs.labels.count))
      expectClose(value.scalar, found.value, tolerance: 1e-6)
      let all = try gradients(of: value, withRespectTo: [x, y] + (b.map { [$0] } ?? []))
      expectClose(all[0], Tensor(rows: found.gradients.queries), tolerance: 1e-6, "queries")
      expectClose(all[1], Tensor(rows: found.gradients.labels), tolerance: 1e-6, "labels")
      if let bias = found.gradients.bias {
        expectClose(all[2], Tensor(bias), tolerance: 1e-6, "bias")
      }
    }
  }

  @Test(arguments: [0.5, 1, 4]) func `matches the equation`(softness: Double) throws {
    var generator = SplitMix64(3)
    let scores = (0..<4).map { _ in generator.doubles(5) }
    var expected = 0.0
    for (i, row) in scores.enumerated() where !random.labels[i].isEmpty {
      let teacher = random.scores[i].map { exp(Double($0) / softness) }
      let all = row.reduce(0) { $0 + exp($1 / softness) }
      for (place, label) in random.labels[i].enumerated() {
        let p = teacher[place] / teacher.reduce(0, +)
        expected += p * (log(p) - row[label] / softness + log(all))
      }
    }
    let value = try DistillationLoss(softness: softness)(
      scores: Tensor(rows: scores), teacher: lists(random.labels, random.scores, of: 5))
    expectClose(value.scalar, softness * softness * expected / 3, tolerance: 1e-6)
  }

  @Test func `is zero with a zero gradient where the student agrees with the teacher`() throws {
    // Scores count up to a constant.
    let scores = Tensor(rows: [[3.0, 1, 0.5]]).requiringGradient()
    let teacher = lists([[2, 0, 1]], [[-0.5, 2, 0]], of: 3)
    let value = try DistillationLoss(softness: 2)(scores: scores, teacher: teacher)
    expectClose(value.scalar, 0, tolerance: 1e-6)
    try value.backward()
    for slope in try #require(scores.gradient).doubles() { #expect(abs(slope) < 1e-7) }
  }

  @Test func `gradient matches finite differences`() throws {
    var generator = SplitMix64(5)
    let (x, y, b) = (generator.doubles(12), generator.doubles(15), generator.doubles(5))
    let teacher = lists(random.labels, random.scores, of: 5)
    func value(_ all: [Double]) throws -> Tensor {
      try loss(Options(temperature: 0.7, softness: 1.5), blockSize: 2)(
        queries: Tensor(Array(all[..<12]), shape: [4, 3]),
        labels: Tensor(Array(all[12..<27]), shape: [5, 3]), bias: Tensor(Array(all[27...])),
        teacher: teacher)
    }
    let leaves = [Tensor(x, shape: [4, 3]), Tensor(y, shape: [5, 3]), Tensor(b)]
      .map { $0.requiringGradient() }
    let slopes = try gradients(
      of: loss(Options(temperature: 0.7, softness: 1.5), blockSize: 2)(
        queries: leaves[0], labels: leaves[1], bias: leaves[2], teacher: teacher),
      withRespectTo: leaves
    ).flatMap { try #require($0).doubles() }
    let start = x + y + b
    for index in start.indices {
      var (up, down) = (start, start)
      up[index] += 1e-5
      down[index] -= 1e-5
      let difference = (try value(up).scalar - value(down).scalar) / 2e-5
      #expect(abs(difference - slopes[index]) < 1e-6, "\(index)")
    }
  }

  @Test func `a shift of the teacher's scores changes nothing`() throws {
    let scores = Tensor(rows: [
      [0.5, -1, 2, 0, 1], [0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [0, 1, 0, 1, 0],
    ])
    let shifted = random.scores.map { row in row.map { $0 + 8 } }
    expectClose(
      try DistillationLoss()(scores: scores, teacher: lists(random.labels, shifted, of: 5)).scalar,
      try DistillationLoss()(scores: scores, teacher: lists(random.labels, random.scores, of: 5))
        .scalar, tolerance: 1e-6)
  }

  @Test func `a wide model's scores count and get their gradient`() throws {
    // One feature that has a weight for each of two labels, and no embeddings: the scores are w.
    let bags = CSRMatrix(rows: [[0], [0]], columnCount: 1)
    let wide = SparseLinear(
      .init(maximumDocumentShare: 1, minimumPairCount: 0), bags: bags,
      labels: CSRMatrix(rows: [[0], [1]], columnCount: 2))
    wide.weights.copyInPlace(from: Tensor([Float(1.5), -0.5]))
    let teacher = lists([[0, 1], [0, 1]], [[1, 0], [0, 1]], of: 2)
    let offset = wide(bags)
    let x = Tensor.zeros([2, 1]).requiringGradient()
    let value = try DistillationLoss(blockSize: 1)(
      queries: x, labels: .zeros([2, 1]), teacher: teacher, offset: offset)
    let scores = Tensor(rows: [[Float(1.5), -0.5], [1.5, -0.5]]).requiringGradient()
    let whole = try DistillationLoss()(scores: scores, teacher: teacher)
    expectClose(value.scalar, whole.scalar, tolerance: 1e-5)
    try value.backward()
    try whole.backward()
    expectClose(
      offset.denseGradient(), try #require(scores.gradient).sum(along: 0),
      tolerance: 1e-5, "weights")
  }

  @Test func `stays finite at extreme inputs`() throws {
    for scale in [1e-4, 1e4] {
      let scores = (Tensor(rows: [[Float(1), -2, 3]]) * scale).requiringGradient()
      let value = try DistillationLoss(softness: 0.01)(
        scores: scores, teacher: lists([[0, 1]], [[3e4, -3e4]], of: 3))
      try value.backward()
      #expect(value.scalar.isFinite)
      #expect(try #require(scores.gradient).isAllFinite)
    }
  }

  @Test func `a teacher without lists gives zero loss`() throws {
    let x = Tensor.ones([2, 3]).requiringGradient()
    let value = try DistillationLoss()(
      queries: x, labels: .ones([4, 3]), teacher: lists([[], []], [[], []], of: 4))
    try value.backward()
    #expect(value.scalar == 0)
    #expect(try #require(x.gradient).doubles().allSatisfy { $0 == 0 })
    let none = try DistillationLoss()(
      queries: .zeros([0, 3]), labels: .ones([4, 3]), teacher: lists([], [], of: 4))
    #expect(none.scalar == 0)
  }

  @Test func `refuses a teacher without scores`() async {
    await #expect(processExitsWith: .failure) {
      _ = try DistillationLoss()(
        scores: .zeros([1, 2]), teacher: CSRMatrix(rows: [[0]], columnCount: 2))
    }
  }
}

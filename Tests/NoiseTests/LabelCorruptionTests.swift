import Foundation
import Noise
import Storage
import TestSupport
import Testing

@Suite struct LabelCorruptionTests {
  private struct Case: Decodable {
    let input: [Double]
    let weights: [[Double]]
    let own: Int
    let rate: Double
    let probabilities: [Double]
  }

  private static let count = 20_000
  private static let classes = (0..<count).map { $0 % 4 }
  private static let all = Array(0..<count)

  /// The share of each given class among examples of each true one.
  private static func confusion(_ given: [Int], of count: Int = 4) -> [[Double]] {
    var result = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    for (own, other) in zip(classes, given) { result[own][other] += 4 / Double(Self.count) }
    return result
  }

  @Test func `agrees with PyTorch on noise by instance`() throws {
    let golden = try Golden<Case>("LabelCorruption")
    #expect(golden.cases.count == 3)
    for example in golden.cases {
      expectClose(
        LabelCorruption.probabilities(
          of: example.input, class: example.own, weights: example.weights, rate: example.rate),
        example.probabilities, tolerance: 1e-12)
    }
  }

  /// 5,000 examples of each class; three standard deviations are 0.022.
  @Test func `corrupted rates are those of the matrix`() throws {
    let matrices = try [
      TransitionMatrix.symmetric(classes: 4, rate: 0.4), .pairwise(classes: 4, rate: 0.45),
      TransitionMatrix(rows: [
        [0.7, 0.1, 0.2, 0], [0, 1, 0, 0], [0.2, 0.2, 0.6, 0], [0, 0, 1, 0],
      ]),
    ]
    for matrix in matrices {
      let given = LabelCorruption(seed: 2).flipped(Self.classes, train: Self.all, by: matrix)
      for (found, expected) in zip(Self.confusion(given), matrix.rows) {
        expectClose(found, expected, tolerance: 0.022)
      }
    }
  }

  @Test func `noise by instance has its rate and follows the inputs`() {
    var random = SplitMix64(5)
    let inputs = (0..<Self.count).map { _ in random.doubles(3) }
    for rate in [0.1, 0.4] {
      let given = LabelCorruption(seed: 3).flipped(
        Self.classes, train: Self.all, inputs: inputs, classCount: 4, rate: rate)
      let wrong = zip(given, Self.classes).count { $0 != $1 }
      // The rates below 0 are drawn again, which raises the mean of 0.1 to 0.129.
      let mean = rate == 0.1 ? 0.1288 : 0.4
      expectClose(Double(wrong) / Double(Self.count), mean, tolerance: 0.012)
    }
    // Examples with the same input and class are given the same wrong classes, by and large.
    let same = LabelCorruption(seed: 3).flipped(
      Self.classes, train: Self.all, inputs: inputs.map { _ in [8, 8, 8] }, classCount: 4, rate: 1)
    for row in Self.confusion(same) { #expect((row.max() ?? 0) > 0.9) }
  }

  @Test func `only training examples change, each on its own`() {
    let matrix = TransitionMatrix.symmetric(classes: 4, rate: 1)
    let corruption = LabelCorruption(seed: 1)
    let some = corruption.flipped(Self.classes, train: [0, 5, 9], by: matrix)
    let all = corruption.flipped(Self.classes, train: Self.all, by: matrix)
    for index in Self.all {
      #expect(some[index] == ([0, 5, 9].contains(index) ? all[index] : Self.classes[index]))
    }
    #expect(zip(all, Self.classes).allSatisfy { $0 != $1 })
    #expect(all == LabelCorruption(seed: 1).flipped(Self.classes, train: Self.all, by: matrix))
    #expect(all != LabelCorruption(seed: 9).flipped(Self.classes, train: Self.all, by: matrix))
  }

  @Test func `complementary labels are other classes, all alike`() {
    let given = LabelCorruption(seed: 4).complementary(Self.classes, classCount: 4)
    for (own, row) in Self.confusion(given).enumerated() {
      expectClose(row, (0..<4).map { $0 == own ? 0 : 1.0 / 3 }, tolerance: 0.022)
    }
  }

  @Test func `candidates hold the class and others at the rate`() {
    let given = LabelCorruption(seed: 4).candidates(Self.classes, classCount: 4, rate: 0.3)
    #expect(zip(given, Self.classes).allSatisfy { $0.contains($1) && $0 == $0.sorted() })
    let size = Double(given.reduce(0) { $0 + $1.count }) / Double(Self.count)
    expectClose(size, 1 + 3 * 0.3, tolerance: 0.02)
    #expect(
      LabelCorruption(seed: 4).candidates([1, 0], classCount: 2, rate: 0) == [[1], [0]])
    #expect(
      LabelCorruption(seed: 4).candidates([1, 0], classCount: 2, rate: 1) == [[0, 1], [0, 1]])
  }

  @Test func `bags hold every example once, with its proportions`() {
    let bags = LabelCorruption(seed: 6).bags(of: [3, 4, 5, 6, 7], size: 2)
    #expect(bags.map(\.count) == [2, 2, 1] && bags.joined().sorted() == [3, 4, 5, 6, 7])
    #expect(bags != LabelCorruption(seed: 7).bags(of: [3, 4, 5, 6, 7], size: 2))
    expectClose(
      LabelCorruption.proportions(
        of: [[0, 1, 2, 3], [1]], classes: [2, 0, 2, 1], classCount: 3
      ).flatMap { $0 }, [0.25, 0.25, 0.5, 1, 0, 0], tolerance: 1e-12)
  }

  @Test func `rows that are not probabilities are refused`() {
    for rows in [
      [[1, 0]], [[0.5, 0.4], [0, 1]], [[1.5, -0.5], [0, 1]], [[.nan, 1], [0, 1]], [[1]],
    ]
      as [[[Double]]]
    {
      #expect(throws: ValueError.self) { try TransitionMatrix(rows: rows) }
      let text = "{\"rows\":\(rows)}"
      #expect(throws: (any Error).self) {
        try JSONDecoder().decode(TransitionMatrix.self, from: Data(text.utf8))
      }
    }
  }
}

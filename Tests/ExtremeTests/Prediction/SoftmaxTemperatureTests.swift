import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct SoftmaxTemperatureTests {
  private struct Case: Decodable {
    var scores: [[Double]]
    var truth: [Int]
    var prior: Double
    var temperature: Double
    var probabilities: [Double]
  }

  private func pairs(_ scores: [[Double]], _ truth: [Int?]) throws -> ScoredPairs {
    let width = scores.map(\.count).max() ?? 0
    return try ScoredPairs(
      offsets: scores.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) },
      labels: scores.flatMap { $0.indices.map(Int32.init) }, scores: scores.flatMap { $0 },
      truth: CSRMatrix(rows: truth.map { $0.map { [$0] } ?? [] }, columnCount: width))
  }

  @Test func `agrees with scipy and scikit-learn`() throws {
    let cases = try goldenCases("SoftmaxTemperature", as: Case.self)
    #expect(cases.count == 5)
    for example in cases {
      let fit = try SoftmaxTemperature(
        fitting: pairs(example.scores, example.truth), prior: example.prior)
      expectClose(fit.temperature / example.temperature, 1, tolerance: 1e-9)
      expectClose(fit(example.scores[0]), example.probabilities, tolerance: 1e-9)
    }
  }

  @Test func `recovers a known temperature`() throws {
    // With scores 1 and 0 the first is right in 3 of 4 documents: σ(1 / T) = 3/4, T = 1 / ln 3.
    let fit = try SoftmaxTemperature(
      fitting: pairs([[1, 0], [1, 0], [0, 1], [1, 0]], [0, 0, 1, 1]), prior: 0)
    expectClose(fit.temperature, 1 / log(3), tolerance: 1e-12)
    expectClose(fit([1, 0]), [0.75, 0.25], tolerance: 1e-12)
  }

  @Test func `probabilities add up to 1 and keep the order`() {
    for temperature in [1e-3, 0.5, 1, 1e6] {
      for scores in [[3.0, -2, 3, 0], [1e4, -1e4, 0], [0]] {
        let values = SoftmaxTemperature(temperature: temperature)(scores)
        expectClose(values.reduce(0, +), 1, tolerance: 1e-12)
        #expect(values.allSatisfy { 0...1 ~= $0 })
        for (a, p) in zip(scores, values) {
          for (b, q) in zip(scores, values) where a > b { #expect(p >= q) }
        }
      }
    }
    #expect(SoftmaxTemperature(temperature: 1)([]).isEmpty)
  }

  @Test func `a shift of a document's scores changes nothing`() throws {
    let scores = [[2.0, 1, 0], [0, 1, 3], [1, 0, 2], [5, 4, 1]]
    let truth = [0, 2, 0, 1]
    let shifted = zip(scores, [100.0, -7, 0, 3]).map { row, shift in row.map { $0 + shift } }
    let (one, other) = (
      try SoftmaxTemperature(fitting: pairs(scores, truth)),
      try SoftmaxTemperature(fitting: pairs(shifted, truth))
    )
    expectClose(one.temperature, other.temperature, tolerance: 1e-9)
  }

  @Test func `a perfect ranking has a temperature above 0`() throws {
    let scores = (0..<50).map { [Double($0 % 5) + 1, 0, -1] }
    let fit = try SoftmaxTemperature(fitting: pairs(scores, scores.map { _ in 0 }))
    #expect(fit.temperature > 0.05 && fit.temperature < 10, "\(fit.temperature)")
    #expect(throws: ValueError.self) {
      try SoftmaxTemperature(fitting: pairs(scores, scores.map { _ in 0 }), prior: 0)
    }
  }

  @Test func `documents without the right label are left out`() throws {
    let scores = [[1.0, 0], [1, 0], [0, 1], [1, 0], [9, -9]]
    let fit = try SoftmaxTemperature(fitting: pairs(scores, [0, 0, 1, 1, nil]), prior: 0)
    expectClose(fit.temperature, 1 / log(3), tolerance: 1e-12)
  }

  @Test func `rejects scores that are lower for the right labels`() throws {
    for (scores, truth) in [
      ([[1.0, 0], [2, 0]], [1, 1]), ([[1.0, 1], [0, 0]], [0, 1]), ([], []),
      ([[.nan, 0]], [0]),
    ] as [([[Double]], [Int?])] {
      #expect(throws: ValueError.self) {
        try SoftmaxTemperature(fitting: pairs(scores, truth))
      }
    }
  }

  @Test func `survives a round trip through its record`() throws {
    let value = SoftmaxTemperature(temperature: 0.4375)
    let copy = try JSONDecoder().decode(
      SoftmaxTemperature.self, from: JSONEncoder().encode(value))
    #expect(copy == value)
  }
}

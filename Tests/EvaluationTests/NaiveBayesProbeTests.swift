import Evaluation
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct NaiveBayesProbeTests {
  private struct Case: Decodable {
    var train: [[Double]]
    var classes: [Int]
    var test: [[Double]]
    var smoothing: Double
    var perClass: [[Double]]
    var pooled: [[Double]]
  }

  @Test func `agrees with scikit-learn`() throws {
    let cases = try Golden<Case>("NaiveBayesProbe").cases
    #expect(cases.count == 2)
    for example in cases {
      for (variances, expected) in [
        (NaiveBayesProbe.Variances.perClass, example.perClass), (.pooled, example.pooled),
      ] {
        let probe = NaiveBayesProbe(variances: variances, smoothing: example.smoothing)
        let fitted = try probe.fitted(to: Tensor(rows: example.train), classes: example.classes)
        expectClose(
          try fitted.scores(of: Tensor(rows: example.test)), Tensor(rows: expected),
          tolerance: 1e-9, "\(variances)")
      }
    }
  }

  @Test func `matches values by hand`() throws {
    // Class 0 at 0 and 2, class 2 at 10: variances 1 and 0, pooled 2/3.
    let fitted = try NaiveBayesProbe(smoothing: 1e-15)
      .fitted(to: Tensor(rows: [[0.0], [2], [10]]), classes: [0, 0, 2])
    let scores = try fitted.scores(of: Tensor(rows: [[4.0]])).doubles()
    let constant = -0.5 * log(2 * Double.pi * 2 / 3)
    expectClose(scores[0], log(2.0 / 3) + constant - 0.75 * 9)
    #expect(scores[1] == -.infinity)
    expectClose(scores[2], log(1.0 / 3) + constant - 0.75 * 36)
  }

  @Test func `pooled variances make it linear`() throws {
    var random = SplitMix64(3)
    let train = Tensor(random.doubles(24), shape: [12, 2])
    let fitted = try NaiveBayesProbe().fitted(to: train, classes: (0..<12).map { $0 % 2 })
    let ends = Tensor(rows: [[-3.0, 1], [5, 2], [1, 1.5]])
    let scores = try fitted.scores(of: ends).doubles()
    let gaps = stride(from: 0, to: 6, by: 2).map { scores[$0] - scores[$0 + 1] }
    // The last is half way between the others.
    expectClose(gaps[2], (gaps[0] + gaps[1]) / 2)
  }

  @Test func `stays finite without variance`() throws {
    for variances in NaiveBayesProbe.Variances.allCases {
      let fitted = try NaiveBayesProbe(variances: variances)
        .fitted(to: .ones([3, 2]), classes: [0, 0, 1])
      let scores = try fitted.scores(of: Tensor.ones([1, 2]))
      #expect(scores.isFinite().allTrue())
      #expect(try fitted.classes(of: .ones([1, 2])) == [0])
    }
  }

  @Test func `round-trips through Codable`() throws {
    let probe = NaiveBayesProbe(variances: .perClass, smoothing: 0.2)
    let record = try JSONEncoder().encode(probe)
    #expect(try JSONDecoder().decode(NaiveBayesProbe.self, from: record) == probe)
  }
}

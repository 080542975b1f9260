import Evaluation
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct LinearProbeTests {
  private struct Case: Decodable {
    var train: [[Double]]
    var classes: [Int]
    var test: [[Double]]
    var penalty: Double
    var logProbabilities: [[Double]]
  }

  @Test func `agrees with scikit-learn`() throws {
    let cases = try Golden<Case>("LinearProbe").cases
    #expect(cases.count == 3)
    for example in cases {
      let probe = LinearProbe(penalty: example.penalty, tolerance: 1e-10)
      let fitted = try probe.fitted(to: Tensor(rows: example.train), classes: example.classes)
      let scores = try fitted.scores(of: Tensor(rows: example.test))
      // scikit-learn's own search ends about 1e-7 from the minimum.
      expectClose(
        scores.logSoftmax(along: 1), Tensor(rows: example.logProbabilities), tolerance: 1e-6,
        "penalty \(example.penalty)")
    }
  }

  @Test func `the gradient vanishes at the solution`() throws {
    var random = SplitMix64(2)
    let train = Tensor(random.doubles(40), shape: [20, 2])
    let classes = (0..<20).map { $0 % 3 }
    let fitted = try LinearProbe(penalty: 0.3, tolerance: 1e-9).fitted(to: train, classes: classes)
    // Of the biases: the mean probability of a class is its share.
    let probabilities = try fitted.scores(of: train).softmax(along: 1).sum(along: 0)
    expectClose(probabilities.doubles(), [7, 7, 6], tolerance: 1e-6)
  }

  @Test func `a large penalty leaves the class priors`() throws {
    let train = Tensor(rows: [[1.0], [2], [3], [-1]])
    let fitted = try LinearProbe(penalty: 1e9).fitted(to: train, classes: [0, 0, 0, 1])
    let scores = try fitted.scores(of: Tensor(rows: [[5.0]])).softmax(along: 1)
    expectClose(scores.doubles(), [0.75, 0.25], tolerance: 1e-5)
  }

  @Test func `never predicts an unseen class`() throws {
    let fitted = try LinearProbe().fitted(
      to: Tensor(rows: [[1.0, 0], [0, 1]]), classes: [1, 3])
    let scores = try fitted.scores(of: Tensor(rows: [[1.0, 0]]))
    #expect(scores.shape == [1, 4])
    #expect(scores.doubles()[0] == -.infinity && scores.doubles()[2] == -.infinity)
    #expect(try fitted.classes(of: Tensor(rows: [[1.0, 0], [0, 1]])) == [1, 3])
  }

  @Test func `stays finite on large separable embeddings`() throws {
    let train = Tensor(rows: [[1e4, 0], [-1e4, 1], [2e4, 2], [-1e4, 0]])
    let fitted = try LinearProbe(penalty: 1e-3).fitted(to: train, classes: [0, 1, 0, 1])
    #expect(try fitted.scores(of: train).isFinite().allTrue())
    expectClose(try fitted.accuracy(on: train, classes: [0, 1, 0, 1]), 1)
  }

  @Test func `a single class is always predicted`() throws {
    let fitted = try LinearProbe().fitted(to: .ones([3, 2]), classes: [0, 0, 0])
    #expect(try fitted.classes(of: .zeros([1, 2])) == [0])
  }

  @Test func `round-trips through Codable`() throws {
    let probe = LinearProbe(penalty: 0.2, iterations: 7, tolerance: 0.1)
    let record = try JSONEncoder().encode(probe)
    #expect(try JSONDecoder().decode(LinearProbe.self, from: record) == probe)
  }
}

import Evaluation
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SampleEfficiencyCurveTests {
  private func clouds(_ count: Int, seed: UInt64) -> (embeddings: Tensor, classes: [Int]) {
    var random = SplitMix64(seed)
    let classes = (0..<count).map { $0 % 3 }
    let rows = classes.map { place in
      random.doubles(3, in: -0.8...0.8).enumerated().map { $1 + ($0 == place ? 1 : 0) }
    }
    return (Tensor(rows: rows), classes)
  }

  @Test func `more examples help, the last size is all`() throws {
    let (train, classes) = clouds(120, seed: 1)
    let (test, testClasses) = clouds(90, seed: 2)
    let points = try SampleEfficiencyCurve(sizes: [3, 30, 500], draws: 4)(
      NaiveBayesProbe(), embeddings: train, classes: classes, testEmbeddings: test,
      testClasses: testClasses)
    #expect(points.map(\.size) == [3, 30, 120])
    #expect(points.map(\.accuracies.count) == [4, 4, 4])
    #expect(points[0].mean < points[1].mean && points[1].mean <= points[2].mean + 0.02)
    // All rows are the same rows, but for their order.
    expectClose(points[2].deviation, 0, tolerance: 1e-12)
    let all = try NaiveBayesProbe().fitted(to: train, classes: classes)
    expectClose(points[2].mean, try all.accuracy(on: test, classes: testClasses))
  }

  @Test func `draws every class, equal seeds give equal draws`() throws {
    // Class 1 occurs once in fifty rows.
    let rows = Tensor(rows: (0..<50).map { [Double($0)] })
    let classes = (0..<50).map { $0 == 37 ? 1 : 0 }
    let test = Tensor(rows: [[37.0]])
    let probe = NearestNeighbourProbe(neighbours: 1)
    func run(_ seed: UInt64) throws -> [SampleEfficiencyCurve.Point] {
      try SampleEfficiencyCurve(sizes: [2], draws: 3, seed: seed)(
        probe, embeddings: rows, classes: classes, testEmbeddings: test, testClasses: [1])
    }
    #expect(try run(5) == run(5))
    let curve = SampleEfficiencyCurve(sizes: [2], draws: 8)
    let points = try curve(
      LinearProbe(), embeddings: rows, classes: classes, testEmbeddings: test, testClasses: [1])
    // A probe that did not see class 1 is wrong.
    #expect(points[0].mean == 1)
  }

  @Test func `mean and deviation match values by hand`() {
    let point = SampleEfficiencyCurve.Point(size: 1, accuracies: [0.2, 0.4, 0.9])
    expectClose(point.mean, 0.5)
    expectClose(point.deviation, 0.13.squareRoot())
    #expect(SampleEfficiencyCurve.Point(size: 1, accuracies: [0.3]).deviation == 0)
  }

  @Test func `rejects size 0`() throws {
    #expect(throws: ValueError.self) {
      try SampleEfficiencyCurve(sizes: [0])(
        LinearProbe(), embeddings: .ones([1, 1]), classes: [0], testEmbeddings: .ones([1, 1]),
        testClasses: [0])
    }
  }
}

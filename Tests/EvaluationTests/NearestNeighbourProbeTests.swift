import Evaluation
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct NearestNeighbourProbeTests {
  private struct Case: Decodable {
    var train: [[Double]]
    var classes: [Int]
    var test: [[Double]]
    var neighbours: Int
    var temperature: Double
    var shares: [[Double]]
  }

  @Test func `agrees with scikit-learn`() throws {
    let cases = try Golden<Case>("NearestNeighbourProbe").cases
    #expect(cases.count == 3)
    for example in cases {
      let probe = NearestNeighbourProbe(
        neighbours: example.neighbours, temperature: example.temperature)
      let fitted = try probe.fitted(to: Tensor(rows: example.train), classes: example.classes)
      expectClose(
        try fitted.scores(of: Tensor(rows: example.test)), Tensor(rows: example.shares),
        tolerance: 1e-9, "shares")
    }
  }

  @Test func `is invariant to embedding length`() throws {
    var random = SplitMix64(1)
    let train = Tensor(random.doubles(30), shape: [10, 3])
    let test = Tensor(random.doubles(12), shape: [4, 3])
    let classes = (0..<10).map { $0 % 3 }
    let probe = NearestNeighbourProbe(neighbours: 4)
    expectClose(
      try probe.fitted(to: train, classes: classes).scores(of: test),
      try probe.fitted(to: 7 * train, classes: classes).scores(of: 0.1 * test))
  }

  @Test func `breaks ties by row, then by smaller class`()
    throws
  {
    let train = Tensor.ones([4, 2])
    let one = try NearestNeighbourProbe(neighbours: 1).fitted(to: train, classes: [2, 1, 1, 0])
    #expect(try one.classes(of: Tensor.ones([1, 2])) == [2])
    let all = try NearestNeighbourProbe(neighbours: 9).fitted(to: train, classes: [2, 1, 1, 2])
    #expect(try all.classes(of: Tensor.ones([1, 2])) == [1])
    #expect(all.classCount == 3)
  }

  @Test func `stays finite at low temperature`() throws {
    let fitted = try NearestNeighbourProbe(neighbours: 2, temperature: 1e-6)
      .fitted(to: Tensor(rows: [[1.0, 0], [0, 1], [1, 1]]), classes: [0, 1, 2])
    let scores = try fitted.scores(of: Tensor(rows: [[1e4, 1.0]]))
    expectClose(scores.doubles(), [1, 0, 0])
  }

  @Test func `accuracy is the hit rate, unknown classes miss`() throws {
    let fitted = try NearestNeighbourProbe(neighbours: 1)
      .fitted(to: Tensor(rows: [[1.0, 0], [0, 1]]), classes: [0, 1])
    let test = Tensor(rows: [[1.0, 0.1], [0.1, 1], [1, 0.2], [0, 1]])
    expectClose(try fitted.accuracy(on: test, classes: [0, 1, 1, 5]), 0.5)
    expectClose(try fitted.accuracy(on: .zeros([0, 2]), classes: []), 0)
  }

  @Test func `rejects mismatched shapes`() throws {
    let probe = NearestNeighbourProbe()
    let rows = Tensor.ones([2, 3])
    #expect(throws: ValueError.self) { try probe.fitted(to: rows, classes: [0]) }
    #expect(throws: ValueError.self) { try probe.fitted(to: rows, classes: [0, -1]) }
    #expect(throws: ValueError.self) { try probe.fitted(to: .zeros([0, 3]), classes: []) }
    #expect(throws: ValueError.self) {
      try probe.fitted(to: Tensor(rows: [[1, Double.nan]]), classes: [0])
    }
    let fitted = try probe.fitted(to: rows, classes: [0, 1])
    #expect(throws: ValueError.self) { try fitted.scores(of: .ones([1, 2])) }
    #expect(throws: ValueError.self) { try fitted.accuracy(on: rows, classes: [1]) }
    #expect(try fitted.classes(of: .zeros([0, 3])).isEmpty)
  }

  @Test func `round-trips through Codable`() throws {
    let probe = NearestNeighbourProbe(neighbours: 7, temperature: 0.3)
    let record = try JSONEncoder().encode(probe)
    #expect(try JSONDecoder().decode(NearestNeighbourProbe.self, from: record) == probe)
  }
}

import Evaluation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct UtilizationTests {
  private struct Case: Decodable {
    let queries: [[Double]]
    let trained: [[Double]]
    let value: Double
  }

  @Test func `agrees with SciPy`() throws {
    let golden = try Golden<Case>("Utilization")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      expectClose(
        Utilization()(queries: Tensor(rows: found.queries), trained: Tensor(rows: found.trained)),
        found.value, tolerance: 1e-13)
    }
  }

  @Test func `is the mean squared nearest distance`() {
    // The shortest ways are 1, 0 and √2.
    let queries = Tensor(rows: [[0.0, 1], [2, 0], [3, 1]])
    let trained = Tensor(rows: [[0.0, 0], [2, 0], [-5, 5]])
    expectClose(Utilization()(queries: queries, trained: trained), 1)
    expectClose(Utilization()(queries: trained, trained: trained), 0)
  }

  @Test func `searches a large grid block by block`() {
    // The grid 0, 1, 2 … on a line, so that the nearest one is the rounded query.
    let trained = Tensor.range(0..<300_000).converted(to: .float64).reshaped([300_000, 1])
    var random = SplitMix64(1)
    let queries = random.doubles(20, in: 0...1000)
    let total = queries.map { ($0 - $0.rounded()) * ($0 - $0.rounded()) }.reduce(0, +)
    expectClose(
      Utilization()(queries: Tensor(queries, shape: [20, 1]), trained: trained), total / 20,
      tolerance: 1e-6)
  }

  @Test func `mixtures between classes lower it`() {
    let trained = Tensor(rows: [[-1.0, 0], [1, 0]])
    let between = Tensor(rows: [[0.1, 0.2]])
    let mixed = Tensor.concatenated([trained, Tensor(rows: [[0.0, 0]])])
    #expect(
      Utilization()(queries: between, trained: mixed)
        < Utilization()(queries: between, trained: trained))
  }

  @Test func `no queries give 0, no training vectors infinity`() {
    let none = Tensor.zeros([0, 2])
    #expect(Utilization()(queries: none, trained: .ones([1, 2])) == 0)
    #expect(Utilization()(queries: .ones([1, 2]), trained: none) == .infinity)
  }
}

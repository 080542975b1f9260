import Evaluation
import TestSupport
import Testing
import Torch

@Suite struct PrequentialMetricsTests {
  struct Case: Decodable {
    var labelCount: Int
    var fading: Double
    var truth: [[Int32]]
    var guess: [[Int32]]
    var overall: PrequentialMetrics.Values
    var faded: PrequentialMetrics.Values
  }

  private func numbers(_ values: PrequentialMetrics.Values) -> [Double] {
    [
      values.microF1, values.macroF1, values.exampleF1, values.subsetAccuracy, values.hammingLoss,
    ]
  }

  @Test func `agrees with scikit-learn`() throws {
    for one in try Golden<Case>("PrequentialMetrics").cases {
      var metrics = PrequentialMetrics(labelCount: one.labelCount, fading: one.fading)
      for (predicted, actual) in zip(one.guess, one.truth) {
        metrics.add(predicted: predicted, actual: actual)
      }
      expectClose(numbers(metrics.overall), numbers(one.overall), "all, fading \(one.fading)")
      expectClose(numbers(metrics.faded), numbers(one.faded), "late, fading \(one.fading)")
    }
  }

  @Test func `matches values by hand`() {
    var metrics = PrequentialMetrics(labelCount: 4)
    metrics.add(predicted: [0, 1], actual: [1, 2])
    metrics.add(predicted: [3], actual: [3])
    // TP 2, FP 1, FN 1; labels 0 and 2 have F1 0, labels 1 and 3 have 1.
    expectClose(numbers(metrics.overall), [2.0 / 3, 0.5, 0.75, 0.5, 0.25])
    #expect(metrics.count == 2)
  }

  @Test func `no documents give 0, empty predictions count as right`() {
    var metrics = PrequentialMetrics(labelCount: 3)
    #expect(numbers(metrics.overall) == [0, 0, 0, 0, 0])
    metrics.add(predicted: [], actual: [])
    #expect(numbers(metrics.overall) == [0, 0, 1, 1, 0])
  }

  @Test func `fading forgets old documents`() {
    var metrics = PrequentialMetrics(labelCount: 2, fading: 0.5)
    for _ in 0..<20 { metrics.add(predicted: [0], actual: [1]) }
    for _ in 0..<60 { metrics.add(predicted: [1], actual: [1]) }
    expectClose(metrics.faded.microF1, 1, tolerance: 1e-12)
    expectClose(metrics.overall.microF1, 0.75)
  }

  @Test func `traps on fading 0`() async {
    await #expect(processExitsWith: .failure) { _ = PrequentialMetrics(labelCount: 2, fading: 0) }
  }
}

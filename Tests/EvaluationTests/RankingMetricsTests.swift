import Evaluation
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct RankingMetricsTests {
  /// Every kind at every cutoff of `cutoffs`.
  private func all(at cutoffs: [Int]) -> [RankingMetric] {
    cutoffs.flatMap { k in RankingMetric.Kind.allCases.map { RankingMetric($0, at: k) } }
  }

  private func ranking(_ rows: [[Int]], k: Int) throws -> TopK {
    var ranking = TopK(k: k)
    for row in rows {
      try ranking.append(
        labels: row.map { Int32($0) }, scores: row.indices.map { Float(-$0) })
    }
    return ranking
  }

  private func isClose(_ a: Double?, _ b: Double) -> Bool {
    abs((a ?? .nan) - b) <= 1e-9 * max(1, abs(b))
  }

  @Test func `two rows match values by hand`() throws {
    // Row 0: true 0 and 2, ranked 2, 1, 0. Row 1: true 1, ranked 0, 3, then nothing.
    let predictions = try ranking([[2, 1, 0], [0, 3]], k: 4)
    let truth = CSRMatrix(rows: [[0, 2], [1]], columnCount: 4)
    let result = try RankingMetrics(metrics: all(at: [1, 3]))(
      predictions, truth: truth, labelCounts: [4, 3, 2, 1], documentCount: 8)
    #expect(isClose(result["P@1"], 50))
    #expect(isClose(result["P@3"], 100 * (2.0 / 3 + 0) / 2))
    #expect(isClose(result["R@1"], 25))
    #expect(isClose(result["R@3"], 50))
    // log2(4) = 2, log2(3) = 1.584962500721156.
    #expect(isClose(result["nDCG@3"], 100 * (1.5 / (1 + 1 / 1.584962500721156)) / 2))
    #expect(isClose(result["MRR@3"], 50))
    // (ln 8 - 1) · 2.5^0.55; w = 1 + that · (n + 1.5)^-0.55.
    let scale = 1.0794415416798357 * 1.655262989969583
    let w = [5.5, 4.5, 3.5, 2.5].map { 1 + scale * pow($0, -0.55) }
    #expect(isClose(result["PSP@1"], 100 * w[2] / (w[2] + w[1])))
    #expect(isClose(result["PSP@3"], 100 * (w[2] + w[0]) / (w[2] + w[0] + w[1])))
    // Labels 0 (one of two predictions right), 1 (one prediction, wrong), 2 (right).
    #expect(isClose(result["macroP@3"], 100 * (0.5 + 0 + 1) / 3))
    #expect(isClose(result["macroR@3"], 100 * (1 + 0 + 1) / 3))
    #expect(isClose(result["macroF1@3"], 100 * (2.0 / 3 + 0 + 1) / 3))
    #expect(result.rows == 2 && result.rowsWithoutLabels == 0)
  }

  @Test(arguments: 0..<30) func `agrees with plain loops`(seed: Int) throws {
    var random = SplitMix64(UInt64(seed))
    let labels = 1 + random.below(12)
    let rows = 1 + random.below(8)
    let k = 1 + random.below(9)
    var ranked: [[Int]] = []
    var truth: [[Int]] = []
    for _ in 0..<rows {
      let order = (0..<labels).map { (random.next(), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
      ranked.append(Array(order.prefix(min(k, random.below(labels + 1)))))
      truth.append((0..<labels).filter { _ in random.below(3) == 0 })
    }
    let counts = (0..<labels).map { _ in random.below(20) }
    let metrics = RankingMetrics(
      metrics: all(at: [1, 2, 5, 9].filter { $0 <= k }), propensity: .wikipedia)
    let result = try metrics(
      ranking(ranked, k: k), truth: CSRMatrix(rows: truth, columnCount: labels),
      labelCounts: counts, documentCount: 60)
    let oracle = LoopMetrics(
      ranked: ranked, truth: truth.map { Set($0) },
      weights: counts.map { 1 + (log(60.0) - 1) * sqrt(1.4) / sqrt(Double($0) + 0.4) })
    for metric in metrics.metrics {
      #expect(isClose(result[metric], oracle(metric)), "\(metric)")
    }
    #expect(result.rowsWithoutLabels == truth.count(where: \.isEmpty))
    for metric in metrics.metrics where metric.kind == .precision {
      let sum = result.deciles.compactMap { $0.values[metric] }.reduce(0, +)
      #expect(isClose(result[metric], sum), "the deciles of \(metric) add up to it")
    }
  }

  private struct Golden: Decodable {
    struct Case: Decodable {
      var k, trainingDocuments: Int
      var exponent, offset: Double
      var labelCounts: [Int]
      var scores: [[Float]]
      var truth: [[Int]]
      var result: RankingResult
    }
    var cases: [Case]
  }

  @Test func `agrees with NumPy, ties and unlabelled rows included`() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Goldens/RankingMetrics.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
    #expect(golden.cases.count == 2)
    for example in golden.cases {
      var predictions = TopK(k: example.k)
      for row in example.scores { try predictions.append(selectingFrom: row) }
      let metrics = RankingMetrics(
        metrics: all(at: [1, 2, 3, 5, example.k]),
        propensity: InversePropensity(exponent: example.exponent, offset: example.offset))
      let result = try metrics(
        predictions,
        truth: CSRMatrix(rows: example.truth, columnCount: example.labelCounts.count),
        labelCounts: example.labelCounts, documentCount: example.trainingDocuments)
      for metric in metrics.metrics {
        let expected = try #require(example.result[metric])
        #expect(isClose(result[metric], expected), "\(metric)")
      }
      #expect(result.rows == example.result.rows)
      #expect(result.rowsWithoutLabels == example.result.rowsWithoutLabels)
      for (ours, theirs) in zip(result.deciles, example.result.deciles) {
        #expect(ours.labels == theirs.labels && ours.positives == theirs.positives)
        #expect(ours.values.count == 10)
        for (metric, value) in ours.values {
          #expect(isClose(theirs.values[metric], value), "\(metric)")
        }
      }
    }
  }

  @Test func `a perfect ranking scores 100, repeated labels count once`() throws {
    let truth = CSRMatrix(rows: [[3, 1, 3], [0, 0]], columnCount: 5)
    let predictions = try ranking([[1, 3], [0]], k: 5)
    let metrics = RankingMetrics(metrics: all(at: [1, 2, 5]))
    let result = try metrics(
      predictions, truth: truth, labelCounts: [9, 1, 1, 1, 0], documentCount: 10)
    for metric in metrics.metrics
    where ![.precision, .macroRecall, .macroF1, .recall].contains(metric.kind) {
      #expect(
        isClose(result[metric], metric.description == "macroP@1" ? 200.0 / 3 : 100), "\(metric)")
    }
    #expect(isClose(result["P@1"], 100) && isClose(result["P@2"], 75))
    #expect(isClose(result["R@1"], 75) && isClose(result["R@5"], 100))
    let doubled = try ranking([[1, 1, 1], [2, 0]], k: 5)
    let once = try RankingMetrics(metrics: all(at: [3]))(
      doubled, truth: truth, labelCounts: [9, 1, 1, 1, 0], documentCount: 10)
    #expect(isClose(once["R@3"], 75))
    #expect(isClose(once["macroP@3"], 200.0 / 3))
  }

  @Test func `an empty average is 0`() throws {
    let metrics = RankingMetrics(metrics: all(at: [1, 5]))
    for rows in [[], [[], []]] as [[[Int]]] {
      let result = try metrics(
        ranking(rows.map { _ in [0] }, k: 5), truth: CSRMatrix(rows: rows, columnCount: 2),
        labelCounts: [0, 0], documentCount: 0)
      #expect(result.values.values.allSatisfy { $0 == 0 } && result.values.count == 18)
      #expect(result.rowsWithoutLabels == rows.count)
    }
  }

  @Test func `rejects mismatched input`() throws {
    let metrics = RankingMetrics(metrics: [RankingMetric(.recall, at: 3)])
    let truth = CSRMatrix(rows: [[0], [1]], columnCount: 4)
    let good = try ranking([[0], [1]], k: 3)
    func run(_ predictions: TopK, _ counts: [Int]) throws {
      _ = try metrics(predictions, truth: truth, labelCounts: counts, documentCount: 4)
    }
    try run(good, [1, 1, 1, 1])
    #expect(throws: ValueError.self) { try run(good, [1, 1, 1]) }
    #expect(throws: ValueError.self) { try run(ranking([[0]], k: 3), [1, 1, 1, 1]) }
    #expect(throws: ValueError.self) { try run(ranking([[0], [4]], k: 3), [1, 1, 1, 1]) }
    #expect(throws: ValueError.self) { try run(ranking([[0], [-1]], k: 3), [1, 1, 1, 1]) }
    #expect(throws: ValueError.self) { try run(ranking([[0], [1]], k: 2), [1, 1, 1, 1]) }
  }

  @Test func `deciles hold equal shares of training positives`() {
    // Cumulative 40, 60, 70, 80, 90, 95, 100 of 100.
    let deciles = FrequencyDeciles(labelCounts: [5, 40, 10, 10, 0, 20, 10, 5])
    #expect(deciles.decileOfLabel == [9, 3, 6, 7, 9, 5, 8, 9])
    #expect(FrequencyDeciles(labelCounts: [0, 0]).decileOfLabel == [9, 9])
  }

  @Test func `propensity weights are at least 1 for tiny sets`() {
    for documents in 0...3 {
      let weights = InversePropensity.amazon.weights(
        labelCounts: [0, 1, 3], documentCount: documents)
      #expect(weights.allSatisfy { $0 >= 1 && $0.isFinite })
    }
  }

  @Test func `metrics and results round-trip through JSON`() throws {
    let predictions = try ranking([[0, 1]], k: 100)
    let truth = CSRMatrix(rows: [[1]], columnCount: 2)
    let metrics = RankingMetrics()
    let result = try metrics(predictions, truth: truth, labelCounts: [1, 2], documentCount: 3)
    let encoder = JSONEncoder()
    let decoder = JSONDecoder()
    #expect(try decoder.decode(RankingMetrics.self, from: encoder.encode(metrics)) == metrics)
    let bytes = try encoder.encode(result)
    #expect(try decoder.decode(RankingResult.self, from: bytes) == result)
    let keys = try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any]).keys
    #expect(
      Set(keys) == [
        "P@1", "P@3", "P@5", "nDCG@5", "PSP@1", "PSP@3", "PSP@5", "R@10", "R@100", "rows",
        "rowsWithoutLabels", "deciles",
      ])
    for name in ["P", "P@", "P@0", "P@05", "p@1", "P@1@2", "MAP@5"] {
      #expect(RankingMetric(name) == nil)
    }
  }
}

import Evaluation
import Extreme
import Models
import Storage
import TestSupport
import Testing
import Torch

@testable import Training

@Suite struct MemoryFitTests {
  /// Judged documents, each with random scores and neighbours.
  private func fit(_ seed: UInt64, helps: Bool) throws -> (fit: MemoryFit, scores: [[Float]]) {
    var random = SplitMix64(seed)
    let (known, judged, labels, width) = (40, 30, 12, 3)
    func rows(_ count: Int) -> [[Int]] {
      (0..<count).map { _ in
        Set((0..<2).map { _ in Int.random(in: 0..<labels, using: &random) }).sorted()
      }
    }
    let documents = random.doubles(known * width)
    let memory = try DocumentMemory(
      .init(), embeddings: Tensor(documents, shape: [known, width]).converted(to: .float32),
      labels: CSRMatrix(rows: rows(known), columnCount: labels))
    let queries = Tensor(random.doubles(judged * width), shape: [judged, width])
      .converted(to: .float32)
    let neighbours = try memory.neighbours(of: queries)
    let truth =
      helps
      ? (0..<judged).map { row -> [Int] in
        guard let first = neighbours.labels(ofRow: row).first else { return [0] }
        return memory.labels.columns(ofRow: Int(first)).map(Int.init)
      } : rows(judged)
    let scores = (0..<judged).map { _ in random.doubles(labels).map { Float($0) } }
    let candidates = MemoryFit.candidates(memory, neighbours)
    var ranking = TopK(k: 6)
    var kept: [Float] = []
    for (row, own) in scores.enumerated() {
      try ranking.append(selectingFrom: own)
      kept += candidates.columns(ofRow: row).map { own[Int($0)] }
    }
    return (
      MemoryFit(
        memory: memory, neighbours: neighbours, ranking: ranking, candidates: candidates,
        candidateScores: kept, truth: CSRMatrix(rows: truth, columnCount: labels), excluded: nil),
      scores
    )
  }

  @Test func `gains are those of full rankings`() throws {
    let (fit, scores) = try fit(3, helps: true)
    func quality(_ setting: DocumentMemoryConfiguration?) throws -> Double {
      var ranking = TopK(k: 5)
      for (row, own) in scores.enumerated() {
        var all = own
        if let setting {
          let shares = fit.memory.shares(
            of: (fit.neighbours.labels(ofRow: row), fit.neighbours.scores(ofRow: row)),
            temperature: setting.temperature)
          for (label, share) in shares {
            all[Int(label)] += Float(
              DocumentMemory.addition(ofShare: share, weight: setting.weight))
          }
        }
        try ranking.append(selectingFrom: all)
      }
      let metrics = [RankingMetric(.precision, at: 1), RankingMetric(.discountedGain, at: 5)]
      let result = try RankingMetrics(metrics: metrics)(
        ranking, truth: fit.truth, labelCounts: fit.truth.columnCounts(), documentCount: 30)
      return ((result["P@1"] ?? .nan) + (result["nDCG@5"] ?? .nan)) / 2
    }
    let without = try quality(nil)
    let expected = try MemoryFit.settings.map { try quality($0) - without }
    expectClose(try fit.gains(), expected, tolerance: 1e-9)
    #expect((expected.max() ?? 0) > 10)
    #expect(Set(expected).count > 1)
  }

  @Test func `the usual setting is one of the candidates`() {
    #expect(MemoryFit.settings.contains(DocumentMemoryConfiguration()))
  }

  @Test func `excluded labels never count`() throws {
    var (fit, _) = try fit(4, helps: true)
    fit.excluded = fit.truth
    // Every true label is excluded, so nothing is ever right.
    #expect(try fit.gains().allSatisfy { $0 == 0 })
  }

  @Test func `the same data gives the same gains`() throws {
    let data = madeDataset(3000, labels: 20)
    let judge = try #require(
      HeldOutJudge(
        data, learning: 1000, judging: 500, share: (400, 200), decantVersion: "test"))
    var settings = TrainingConfiguration(dataset: "made", threads: 1)
    settings.model.encoder.dimension = 8
    settings.loop.epochs = 1
    func judged(_ remembers: Bool) throws -> HeldOutJudge.Result {
      try #require(try judge.judge(settings, isInterrupted: { false }) { _ in remembers })
    }
    let (first, second) = (try judged(true), try judged(true))
    #expect(first.memoryGains?.count == MemoryFit.settings.count)
    #expect(first.metrics == second.metrics && first.memoryGains == second.memoryGains)
    #expect(try judged(false).memoryGains == nil)
    #expect(try judge.judge(settings) { false }?.metrics == first.metrics)
  }
}

import Datasets
import Foundation
import Models
import TestSupport
import Testing
import Torch

@testable import Serving

/// The model's thread: batches, refusals, labels added in between.
@Suite struct ModelThreadTests {
  private static func texts(_ count: Int) -> [String] {
    SmallDataset().rows.prefix(count).map(\.text)
  }

  private func expectSame(_ found: RankedText, _ wanted: TrainedModel.Prediction) {
    #expect(found.labels.map(\.id) == wanted.labels.map(\.id))
    #expect(found.isKnown == wanted.isKnown)
    expectClose(found.labels.map(\.score), wanted.labels.map(\.score), tolerance: 1e-5)
  }

  @Test func `every caller gets its own answer`() async throws {
    let small = try SmallModel()
    let texts = Self.texts(60)
    let wanted = try small.open().predict(texts, k: 7)
    let thread = ModelThread(try Engine(small.open()))
    defer { thread.stop() }
    try await withThrowingTaskGroup(of: (Int, [RankedText]).self) { group in
      for first in texts.indices {
        // One to three texts, of different depths.
        let own = Array(texts[first...].prefix(1 + first % 3))
        group.addTask { (first, try await thread.rank(own, k: 1 + first % 7)) }
      }
      for try await (first, answers) in group {
        #expect(answers.count == min(1 + first % 3, texts.count - first))
        for (offset, answer) in answers.enumerated() {
          var prediction = wanted[first + offset]
          prediction.labels = Array(prediction.labels.prefix(1 + first % 7))
          expectSame(answer, prediction)
        }
      }
    }
  }

  @Test func `requests for different labels are ranked apart`() async throws {
    let small = try SmallModel()
    let texts = Self.texts(12)
    let wanted = try small.open().predict(texts, k: 20)
    let thread = ModelThread(try Engine(small.open()))
    defer { thread.stop() }
    try await withThrowingTaskGroup(of: (Int, LabelRestriction, [RankedText]).self) { group in
      for row in texts.indices {
        let restriction = LabelRestriction(
          only: row % 3 == 0 ? ["label\(row)", "label4", "label9"] : nil,
          except: row % 3 == 1 ? ["label\(row)", "label2"] : [])
        group.addTask {
          (row, restriction, try await thread.rank([texts[row]], k: 3, restriction: restriction))
        }
      }
      for try await (row, restriction, answers) in group {
        var prediction = wanted[row]
        prediction.labels = Array(
          prediction.labels.filter { restriction.allows($0.id) }.prefix(3))
        expectSame(answers[0], prediction)
      }
    }
  }

  @Test func `a full queue rejects jobs and late jobs are dropped`() async throws {
    let small = try SmallModel()
    let thread = ModelThread(
      try Engine(small.open()), limits: .init(waiting: 2, patience: .milliseconds(100)))
    defer { thread.stop() }
    let gate = DispatchSemaphore(value: 0)
    let begun = DispatchSemaphore(value: 0)
    async let holding: Void = thread.perform { _ in
      begun.signal()
      gate.wait()
    }
    await Task.detached { Self.wait(begun) }.value
    async let first = Result { try await thread.rank(["a"], k: 1) }
    async let second = Result { try await thread.rank(["b"], k: 1) }
    while thread.waiting < 2 { try await Task.sleep(for: .milliseconds(1)) }
    await #expect(throws: ModelThread.Refusal.full) { try await thread.rank(["c"], k: 1) }
    async let patient = Result { try await thread.perform(isPatient: true) { _ in "done" } }
    while thread.waiting < 3 { try await Task.sleep(for: .milliseconds(1)) }
    try await Task.sleep(for: .milliseconds(120))
    gate.signal()
    try await holding
    #expect(try await patient.get() == "done")
    for result in await [first, second] {
      #expect(throws: ModelThread.Refusal.late) { try result.get() }
    }
    #expect(try await thread.rank(["d"], k: 1).count == 1)
  }

  @Test func `rejects jobs after the end`() async throws {
    let thread = ModelThread(try Engine(SmallModel().open()))
    thread.stop()
    await #expect(throws: ModelThread.Refusal.stopped) { try await thread.rank(["a"], k: 1) }
    await #expect(throws: ModelThread.Refusal.stopped) { try await thread.perform { _ in } }
  }

  @Test func `probabilities match the calibration`() async throws {
    let small = try SmallModel(patience: 5)
    let calibration = try small.open().calibrate().calibration
    let texts = Self.texts(5)
    let wanted = try small.open().predict(texts, by: calibration, choosing: .likeliest(3))
    let thread = ModelThread(try Engine(small.open()))
    defer { thread.stop() }
    let answers = try await thread.rank(texts, k: 3)
    for (answer, wanted) in zip(answers, wanted) {
      #expect(answer.labels.map(\.id) == wanted.labels.map(\.id))
      expectClose(
        answer.labels.map { $0.probability ?? .nan }, wanted.labels.map { $0.probability ?? .nan },
        tolerance: 1e-5)
    }
  }

  @Test func `ranks similar documents by cosine`() async throws {
    let small = try SmallModel()
    let rows = SmallDataset().rows
    let model = try small.open()
    let thread = ModelThread(
      try Engine(small.open(), documents: Dataset.read(small.data).documents))
    defer { thread.stop() }
    let found = try await thread.perform { try $0.similar(to: rows[3].text, k: 4) }
    #expect(found.first?.id == "d3" && found.first?.text == rows[3].text)
    expectClose(found[0].similarity, 1, tolerance: 1e-5)
    // The same by hand.
    let all = try model.embeddings(of: rows.map(\.text)).array(of: Float.self).map(Double.init)
    let width = model.dimension
    func cosine(_ i: Int, _ j: Int) -> Double {
      let (a, b) = (all[(i * width)..<((i + 1) * width)], all[(j * width)..<((j + 1) * width)])
      let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
      let lengths = [a, b].map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      return dot / (lengths[0] * lengths[1])
    }
    let best = rows.indices.map { (cosine(3, $0), $0) }.sorted { $0.0 > $1.0 }.prefix(4)
    expectClose(found.map(\.similarity), best.map(\.0), tolerance: 1e-5)
    #expect(Set(found.map(\.id)) == Set(best.map { "d\($0.1)" }))
  }

  private static func wait(_ semaphore: DispatchSemaphore) { semaphore.wait() }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}

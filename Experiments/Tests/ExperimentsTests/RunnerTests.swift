import Foundation
import Testing

@testable import Experiments

@Suite struct RunnerTests {
  /// Settings score differently on the held-out part and on the test part.
  private struct Sample: Experiment {
    static let name = "sample"
    static let claim = "More is more."
    static let paper = "Nobody."
    static let data = "None."
    static var uses: [Any.Type] { [] }
    static let conditionName = "size"
    static let conditions = [1, 2]
    enum Arm: String, Named, CaseIterable { case base, method }
    static let measures = ["accuracy (%)"]
    static let settingName = "weight"
    static let choiceSeeds = 3

    static func settings(of arm: Arm) -> [Double] { arm == .base ? [7] : [1, 5, 3] }

    private let part: ExperimentOptions.Part

    init(_ options: ExperimentOptions) throws { part = options.part }

    func run(arm: Arm, condition: Int, setting: Double, seed: UInt64) throws -> [Double] {
      #expect((seed >= 100) == (part == .choice))
      // Best at 3 for tuning, at 5 for evaluation.
      let best = part == .choice ? 3.0 : 5.0
      return [10 - abs(setting - best) + Double(condition)]
    }

    static func verdict(_ record: Results<Sample>) -> Verdict {
      Verdict(parts: [.holds], "None.")
    }
  }

  private func withRunner(_ body: (Runner) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "experiments-\(UUID().uuidString)"
    let sources = folder + "/Experiments/Sources"
    try FileManager.default.createDirectory(atPath: sources, withIntermediateDirectories: true)
    try Data("let a = 1\n".utf8).write(to: URL(fileURLWithPath: sources + "/Sample.swift"))
    defer {
      do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
    }
    try body(Runner(repository: Repository(root: folder), options: ExperimentOptions()))
  }

  @Test func `tunes on the held-out split, reports on the other`() throws {
    try withRunner { runner in
      let record = try runner.run(Sample.self)
      #expect(
        record.choices == [
          .init(arm: "method", setting: "1", mean: 9.5, isTaken: false),
          .init(arm: "method", setting: "5", mean: 9.5, isTaken: false),
          .init(arm: "method", setting: "3", mean: 11.5, isTaken: true),
        ])
      #expect(record.chosen("method") == "3")
      #expect(record.chosen("base") == nil)
      #expect(record.values("method", "1") == [9, 9, 9])
      #expect(record.values("base", "2") == [10, 10, 10])
      #expect(try runner.repository.record(of: Sample.self) == record)
    }
  }

  @Test func `the page lists the candidates of every choice`() throws {
    try withRunner { runner in
      _ = try runner.run(Sample.self)
      let page = try ResultsPage([Sample.self], in: runner.repository)
      let text = page.files[ResultsPage.path] ?? ""
      #expect(text.contains("| | weight |"))
      #expect(text.contains("| method | 1: 9.50, 5: 9.50, **3: 11.50** |"))
    }
  }

  @Test func `tunes only the selected arms and settings`() throws {
    try withRunner { runner in
      var runner = runner
      runner.arms = ["base", "method"]
      runner.settings = ["7", "5"]
      let choices = try runner.choices(Sample.self)
      #expect(choices.map(\.setting) == ["7", "5"])
      #expect(choices.map(\.isTaken) == [true, true])
    }
  }

  @Test func `a quick run uses the first settings and stores nothing`() throws {
    try withRunner { runner in
      var runner = runner
      runner.options.isQuick = true
      let record = try runner.run(Sample.self)
      #expect(record.choices == nil)
      #expect(record.values("method", "1") == [7])
      #expect(try runner.repository.record(of: Sample.self) == nil)
    }
  }
}

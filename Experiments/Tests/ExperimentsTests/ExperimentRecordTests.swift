import Foundation
import Testing

@testable import Experiments

@Suite struct ExperimentRecordTests {
  /// A claim about nothing.
  private enum Sample: Experiment {
    static let name = "sample"
    static let claim = "More is more."
    static let paper = "Nobody."
    static let data = "None."
    static let file = "Experiments/Sample.swift"
    static let sources = ["Sources/A.swift"]
    static let conditionName = "size"
    static let conditions = ["1", "2"]
    static let arms = ["base", "method"]
    static let measures = ["accuracy (%)"]

    init(_ options: ExperimentOptions) throws { throw CancellationError() }
    func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
      []
    }
    static func verdict(_ record: ExperimentRecord) -> Verdict {
      Verdict(
        parts: conditions.map { record.gain(arms[1], over: arms[0], $0).isAbove() },
        "By \(record.gain(arms[1], over: arms[0], conditions[1]).text).")
    }
  }

  private func withRepository(_ body: (Repository) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "experiments-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder + "/Sources", withIntermediateDirectories: true)
    defer {
      do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
    }
    let repository = Repository(root: folder)
    try Data("let a = 1\n".utf8).write(to: URL(fileURLWithPath: folder + "/Sources/A.swift"))
    try body(repository)
  }

  private func record(in repository: Repository) -> ExperimentRecord {
    var record = ExperimentRecord(
      of: Sample.self, sources: repository.sources(of: Sample.self), machine: "here")
    for (seed, values) in [(UInt64(1), [1.0, 4, 2, 6]), (0, [3, 5, 2, 8])] {
      for (place, value) in values.enumerated() {
        record.cells.append(
          .init(
            arm: Sample.arms[place % 2], condition: Sample.conditions[place / 2], seed: seed,
            values: [value], seconds: 1.5))
      }
    }
    return record
  }

  @Test func `means, deviations and gains are those worked out by hand`() throws {
    try withRepository { repository in
      let record = record(in: repository)
      #expect(record.seeds == [0, 1])
      #expect(record.values("base", "1") == [3, 1])
      let spread = record.spread("base", "1")
      #expect(spread.mean == 2 && abs(spread.deviation - 2.0.squareRoot()) < 1e-12)
      let gain = record.gain("method", over: "base", "1")
      // Differences of 2 and 3; t for one degree of freedom is 12.706.
      #expect(gain.mean == 2.5 && abs(gain.margin - 12.706 * 0.5) < 1e-12)
      #expect(gain.isAbove() == .undecided && gain.isAbove(-4) == .holds)
      #expect(gain.isAbove(9) == .fails)
      let steadiness = record.steadiness("method", over: "base")
      // base goes from 3 to 2 and from 1 to 2, method from 5 to 8 and from 4 to 6.
      #expect(steadiness.mean == -1.5)
      #expect(record.seconds("base", "2").mean == 1.5)
    }
  }

  @Test func `a result is read as it was stored`() throws {
    try withRepository { repository in
      #expect(try repository.record(of: Sample.self) == nil)
      let record = record(in: repository)
      try repository.store(record)
      #expect(try repository.record(of: Sample.self) == record)
    }
  }

  @Test func `a changed file makes a result stale, and the page out of date`() throws {
    try withRepository { repository in
      try repository.store(record(in: repository))
      let page = try ResultsPage([Sample.self], in: repository)
      #expect(page.stale.isEmpty)
      #expect(page.outdated(in: repository).count == 2)
      try page.write(in: repository)
      #expect(page.outdated(in: repository).isEmpty)
      let text = page.files[ResultsPage.path] ?? ""
      #expect(text.contains("| 1 | 2.00 ± 1.41 | 4.50 ± 0.71 |"))
      #expect(text.contains("**Verdict: undecided.** By 5.00 ± 12.71."))
      let source = URL(fileURLWithPath: repository.path("Sources/A.swift"))
      try Data("let a = 2\n".utf8).write(to: source)
      let later = try ResultsPage([Sample.self], in: repository)
      #expect(later.stale == ["sample"])
      #expect(later.files[ResultsPage.path]?.contains("`Sources/A.swift` changed since") == true)
      #expect(later.outdated(in: repository) == [ResultsPage.path])
    }
  }

  @Test func `an experiment without a result says so`() throws {
    try withRepository { repository in
      let page = try ResultsPage([Sample.self], in: repository)
      #expect(page.files[ResultsPage.path]?.contains("not run yet") == true)
      #expect(page.files.count == 1)
    }
  }

  @Test func `a damaged result is refused with its name`() throws {
    try withRepository { repository in
      try repository.store(record(in: repository))
      let path = repository.path(repository.resultPath("sample"))
      try Data("{".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: (any Error).self) { try ResultsPage([Sample.self], in: repository) }
    }
  }

  @Test func `hashes are those of FNV-1a, of code alone`() throws {
    try withRepository { repository in
      let text = "import Torch\n/// What it is.\n\n  foobar\n  // Why.\n"
      try Data(text.utf8).write(to: URL(fileURLWithPath: repository.path("f")))
      // The reference's test vector for 64 bits.
      #expect(repository.hash("f") == "85944171f73967e8")
      try Data("foo\nbar".utf8).write(to: URL(fileURLWithPath: repository.path("f")))
      #expect(repository.hash("f") != "85944171f73967e8")
      #expect(repository.hash("nothing") == "missing")
    }
  }

  @Test func `a verdict may be put another way without making a result stale`() throws {
    try withRepository { repository in
      let verdict = "  static func verdict(_ record: ExperimentRecord) -> Verdict {\n    a\n  }\n"
      func hash(_ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: repository.path("f")))
        return repository.hash("f")
      }
      let without = try hash("struct A {\n  let a = 1\n}\n")
      #expect(try hash("struct A {\n  let a = 1\n\(verdict)}\n") == without)
      #expect(try hash("struct A {\n\(verdict)  let a = 2\n}\n") != without)
    }
  }

  @Test func `a result of other arms has no verdict`() throws {
    try withRepository { repository in
      var record = record(in: repository)
      record.arms = ["base", "another"]
      try repository.store(record)
      let page = try ResultsPage([Sample.self], in: repository)
      #expect(page.files[ResultsPage.path]?.contains("no verdict") == true)
    }
  }

  @Test(
    arguments: [
      ([.holds, .holds], .holds), ([.holds, .fails], .holdsInPart),
      ([.holds, .undecided], .holdsInPart),
      ([.undecided, .fails], .fails), ([.undecided, .undecided], .undecided),
      ([.fails, .fails], .fails),
    ] as [([Verdict.Part], Verdict.Outcome)])
  func `four verdicts`(_ parts: [Verdict.Part], _ outcome: Verdict.Outcome) {
    #expect(Verdict(parts: parts, "").outcome == outcome)
  }

  @Test func `a part of parts`() {
    #expect(Verdict.Part.all([.holds, .undecided]) == .undecided)
    #expect(Verdict.Part.all([.undecided, .fails]) == .fails)
    #expect(Verdict.Part.any([.fails, .holds]) == .holds)
    #expect(Verdict.Part.any([.fails, .undecided]) == .undecided)
  }

  @Test func `one seed decides nothing, and many are told by Student's t`() {
    #expect(PairedGain([3]).isAbove() == .undecided)
    let many = PairedGain((0..<10).map { 1 + ($0 % 2 == 0 ? 0.5 : -0.5) })
    // The deviation is 0.5 √(10 / 9), t 2.262.
    #expect(abs(many.margin - 2.262 * 0.5 / 3) < 1e-12)
  }

  @Test func `quoted fields keep their commas, lines and marks`() throws {
    let csv = "text,category\nplain,a\n\"one, two\nthree \"\"four\"\"\",b\n"
    let records = try GenerativeProbe.records(of: csv)
    #expect(records.map(\.text) == ["plain", "one, two\nthree \"four\""])
    #expect(records.map(\.name) == ["a", "b"])
    #expect(throws: (any Error).self) { try GenerativeProbe.records(of: "text,category\nalone\n") }
  }
}

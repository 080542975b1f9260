import Foundation
import Storage
import Testing

@testable import Experiments

@Suite struct ExperimentRecordTests {
  /// A dummy claim.
  private enum Sample: Experiment {
    static let name = "sample"
    static let claim = "More is more."
    static let paper = "Nobody."
    static let data = "None."
    static var uses: [Any.Type] { [A.self] }
    static let conditionName = "size"
    static let conditions = [1, 2]
    enum Arm: String, Named, CaseIterable { case base, method }
    static let measures = ["accuracy (%)"]

    init(_ options: ExperimentOptions) throws { throw CancellationError() }
    func run(arm: Arm, condition: Int, setting: NoSetting, seed: UInt64) throws -> [Double] {
      []
    }
    static func verdict(_ record: Results<Sample>) -> Verdict {
      Verdict(
        parts: conditions.map { record.gain(.method, over: .base, $0).isAbove() },
        "By \(record.gain(.method, over: .base, 2).text).")
    }
  }

  /// The type that the dummy claim depends on.
  private enum A {}

  private func withRepository(_ body: (Repository) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "experiments-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder + "/Sources", withIntermediateDirectories: true)
    defer {
      do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
    }
    let repository = Repository(root: folder)
    for file in ["A", "Sample"] {
      try Data("let a = 1\n".utf8).write(
        to: URL(fileURLWithPath: folder + "/Sources/\(file).swift"))
    }
    try body(repository)
  }

  private func record(in repository: Repository) throws -> ExperimentRecord {
    var record = ExperimentRecord(
      of: Sample.self, sources: try repository.sources(of: Sample.self), machine: "here")
    for (seed, values) in [(UInt64(1), [1.0, 4, 2, 6]), (0, [3, 5, 2, 8])] {
      for (place, value) in values.enumerated() {
        record.cells.append(
          .init(
            arm: Sample.arms[place % 2].name, condition: Sample.conditions[place / 2].name,
            seed: seed,
            values: [value], seconds: 1.5))
      }
    }
    return record
  }

  @Test func `means, deviations and gains match values by hand`() throws {
    try withRepository { repository in
      let record = try record(in: repository)
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
      // The baseline goes from 3 to 2 and from 1 to 2, the method from 5 to 8 and from 4 to 6.
      #expect(steadiness.mean == -1.5)
      #expect(record.seconds("base", "2").mean == 1.5)
    }
  }

  @Test func `a result round-trips through its file`() throws {
    try withRepository { repository in
      #expect(try repository.record(of: Sample.self) == nil)
      let record = try record(in: repository)
      try repository.store(record)
      #expect(try repository.record(of: Sample.self) == record)
    }
  }

  @Test func `a changed file makes the result stale, the page outdated`() throws {
    try withRepository { repository in
      try repository.store(try record(in: repository))
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
      #expect(later.files[ResultsPage.path]?.contains("after changes in `A.swift`") == true)
      #expect(later.outdated(in: repository) == [ResultsPage.path])
    }
  }

  @Test func `the page marks an experiment without a result`() throws {
    try withRepository { repository in
      let page = try ResultsPage([Sample.self], in: repository)
      #expect(page.files[ResultsPage.path]?.contains("not run yet") == true)
      #expect(page.files.count == 1)
    }
  }

  @Test func `rejects a damaged result`() throws {
    try withRepository { repository in
      try repository.store(try record(in: repository))
      let path = repository.path(repository.resultPath("sample"))
      try Data("{".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: (any Error).self) { try ResultsPage([Sample.self], in: repository) }
    }
  }

  @Test func `hashes code without comments by FNV-1a`() throws {
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

  @Test func `a file that moves, and the list of files, leave a result as it is`() throws {
    try withRepository { repository in
      try repository.store(try record(in: repository))
      let folder = repository.path("Sources/Family")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try FileManager.default.moveItem(
        atPath: repository.path("Sources/A.swift"), toPath: folder + "/A.swift")
      #expect(try ResultsPage([Sample.self], in: repository).stale.isEmpty)
      try FileManager.default.removeItem(atPath: folder + "/A.swift")
      #expect(throws: InputError.self) { try ResultsPage([Sample.self], in: repository) }
      func hash(_ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: repository.path("f")))
        return repository.hash("f")
      }
      let without = try hash("struct A {\n  let a = 1\n}\n")
      let list = "  static var uses: [Any.Type] {\n    [\n      C.self\n    ]\n  }\n"
      #expect(try hash("struct A {\n\(list)  let a = 1\n}\n") == without)
      #expect(try hash("public import C\npackage struct A {\n  private let a = 1\n}\n") == without)
    }
  }

  @Test func `rewording a verdict does not make the result stale`() throws {
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

  @Test func `a result of other arms gets no verdict`() throws {
    try withRepository { repository in
      var record = try record(in: repository)
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
  func `parts combine to one of four verdicts`(_ parts: [Verdict.Part], _ outcome: Verdict.Outcome)
  {
    #expect(Verdict(parts: parts, "").outcome == outcome)
  }

  @Test func `nested parts combine by all and any`() {
    #expect(Verdict.Part.all([.holds, .undecided]) == .undecided)
    #expect(Verdict.Part.all([.undecided, .fails]) == .fails)
    #expect(Verdict.Part.any([.fails, .holds]) == .holds)
    #expect(Verdict.Part.any([.fails, .undecided]) == .undecided)
  }

  @Test func `one seed is undecided, several use the t distribution`() {
    #expect(PairedGain([3]).isAbove() == .undecided)
    let many = PairedGain((0..<10).map { 1 + ($0 % 2 == 0 ? 0.5 : -0.5) })
    // The standard deviation is 0.5 √(10 / 9), t is 2.262.
    #expect(abs(many.margin - 2.262 * 0.5 / 3) < 1e-12)
  }

  @Test func `quoted CSV fields keep commas, line breaks and quotation marks`() throws {
    let csv = "text,category\nplain,a\n\"one, two\nthree \"\"four\"\"\",b\n"
    let records = try Banking77.records(of: csv)
    #expect(records.map(\.text) == ["plain", "one, two\nthree \"four\""])
    #expect(records.map(\.name) == ["a", "b"])
    #expect(throws: (any Error).self) { try Banking77.records(of: "text,category\nalone\n") }
  }
}

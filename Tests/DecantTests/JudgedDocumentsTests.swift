import Foundation
import Storage
import TestSupport
import Testing

/// Which documents `decant evaluate` judges, and what it says of those that it cannot.
@Suite struct JudgedDocumentsTests {
  private let folder: TemporaryFolder
  private let small = SmallDataset()
  private let train: String
  private let test: String
  private let run: String

  init() throws {
    folder = try TemporaryFolder()
    var (first, second) = (small, small)
    first.rows = Array(small.rows.prefix(small.trainCount))
    second.rows = Array(small.rows.suffix(small.rows.count - small.trainCount))
    train = try first.writeSingleFile(to: folder.file("train.jsonl"))
    test = try second.writeSingleFile(to: folder.file("test.jsonl"))
    run = folder.file("run")
    try DecantProgram.succeed(
      ["train", train, "--output", run, "--epochs", "10", "--quiet"] + quickly)
  }

  @Test func `evaluates all of a named file`() throws {
    let whole = try Evaluation.of(run, "--data", test)
    #expect(whole.values["documents"] == 60 && whole.split == "all")
    #expect(whole.notes.contains { $0.contains("all of it is evaluated") }, "\(whole.notes)")
    #expect(try Evaluation.of(run, "--data", test, "--split", "all").values["documents"] == 60)
    let part = try Evaluation.of(run, "--data", test, "--split", "test")
    #expect(part.split == "test" && (1..<30).contains(part.values["documents"] ?? 0))
    #expect(part.values["documents_in_all"] == 60)
    #expect(part.notes.contains { $0.contains("of the 60 documents") }, "\(part.notes)")
    let table = try DecantProgram.succeed(["evaluate", run, "--data", test])
    #expect(table.output.hasPrefix("all 60 documents\n"), "\(table.output)")
  }

  @Test func `evaluates a file like the same documents in a folder`() throws {
    // The folder's train part equals the training part of the file.
    let parts = folder.file("parts")
    try small.write(to: parts)
    let own = folder.file("own")
    try DecantProgram.succeed(
      ["train", parts, "--output", own, "--epochs", "10", "--quiet"] + quickly)
    let (split, whole) = (try Evaluation.of(own), try Evaluation.of(own, "--data", test))
    for name in ["P@1", "nDCG@5", "PSP@1", "PSP@5", "R@100"] {
      expectClose(whole.values[name] ?? -1, split.values[name] ?? -2, name)
    }
    #expect(whole.deciles == split.deciles)
  }

  @Test func `evaluates only the test fifth of the training file`() throws {
    let plain = try Evaluation.of(run)
    let named = try Evaluation.of(run, "--data", train)
    #expect(plain.split == "test" && named.split == "test")
    #expect(named.values["documents"] == plain.values["documents"])
    #expect(named.values["P@1"] == plain.values["P@1"])
    // A copy of it is the same data.
    try FileManager.default.copyItem(atPath: train, toPath: folder.file("copy.jsonl"))
    let copy = try Evaluation.of(run, "--data", folder.file("copy.jsonl"))
    #expect(copy.split == "test" && copy.values["P@1"] == plain.values["P@1"])
    let all = try Evaluation.of(run, "--split", "all")
    #expect(all.values["documents"] == Double(small.trainCount))
    #expect(all.notes.contains { $0.contains("what it memorised") }, "\(all.notes)")
    let learnt = try Evaluation.of(run, "--split", "train")
    #expect(
      (learnt.values["documents"] ?? 0) + (plain.values["documents"] ?? 0)
        == Double(small.trainCount))
    #expect(learnt.notes.contains { $0.contains("what it memorised") }, "\(learnt.notes)")
  }

  @Test func `split all of a folder covers train and test`() throws {
    let parts = try small.write(to: folder.file("parts"))
    try writeAtomically(
      "{\"id\":\"d299\",\"labels\":[\"label0\"]}\n", to: "\(parts)/filter-test.jsonl")
    let all = try Evaluation.of(run, "--data", parts, "--split", "all")
    #expect(all.values["documents"] == Double(small.rows.count) && all.values["filter_pairs"] == 1)
    #expect(try Evaluation.of(run, "--data", parts).values["documents"] == 60)
  }

  @Test func `counts and reports labels unknown to the run`() throws {
    func renamed(_ count: Int) throws -> String {
      var other = small
      other.rows = small.rows.suffix(60).map { row in
        var row = row
        row.labels = row.labels.map { label in
          (Int(label.dropFirst(5)) ?? 0) < count ? "other \(label)" : label
        }
        return row
      }
      return try other.writeSingleFile(to: folder.file("renamed\(count).jsonl"))
    }
    let few = try Evaluation.of(run, "--data", renamed(3))
    #expect(few.values["labels"] == 20 && few.values["unknown_labels"] == 3)
    #expect(few.values["unknown_pairs"] ?? 0 > 0)
    #expect(few.notes.contains { $0.hasPrefix("3 of the 20 labels") }, "\(few.notes)")
    let many = try Evaluation.of(run, "--data", renamed(15))
    #expect(many.notes.contains { $0.hasPrefix("WARNING: 15 of the 20") }, "\(many.notes)")
    let said = try DecantProgram.succeed(["evaluate", run, "--data", renamed(15)])
    #expect(said.messages.contains("WARNING"))
    try DecantProgram.refuse(
      ["evaluate", run, "--data", renamed(20)], code: 65, "knows none of the 20 labels")
    #expect(try Evaluation.of(run, "--data", test).values["unknown_labels"] == 0)
  }

  @Test func `rejects evaluation without labelled documents`() throws {
    let parts = try SmallDataset(documents: 30).write(to: folder.file("few"))
    try writeAtomically(
      "{\"id\":\"d28\",\"labels\":[]}\n{\"id\":\"d29\",\"labels\":[]}\n", to: "\(parts)/test.jsonl")
    for command in [["evaluate", run, "--json"], ["evaluate", run], ["report", run]] {
      let named = command + ["--data", parts]
      try DecantProgram.refuse(
        named, code: 65, "none of the 2 test documents has a label")
    }
    let none = try folder.write("{\"text\":\"word0x0\",\"labels\":[]}\n", to: "none.jsonl")
    try DecantProgram.refuse(["evaluate", run, "--data", none], code: 65, "has a label")
    let empty = try folder.write("", to: "empty.jsonl")
    try DecantProgram.refuse(["evaluate", run, "--data", empty], code: 65, "no records")
  }

  @Test func `a report covers the evaluated documents`() throws {
    try DecantProgram.succeed(
      ["report", run, "--data", test, "--output", folder.file("page.html")])
    let page = String(decoding: try contents(folder.file("page.html")), as: UTF8.self)
    #expect(page.contains("<b>60</b><span>all documents</span>"))
  }
}

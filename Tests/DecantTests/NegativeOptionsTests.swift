import Foundation
import TestSupport
import Testing

@Suite struct NegativeOptionsTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private func train(_ run: String, _ options: String...) -> [String] {
    ["train", data, "--output", folder.file(run), "--epochs", "5"] + quickly + options
  }

  @Test func `trains with mined negatives and reports them`() throws {
    let outcome = try DecantProgram.succeed(
      train(
        "run", "--hard-negatives", "3", "--uniform-negatives", "4", "--shortlist", "6",
        "--negative-margin", "1", "--search", "clusters", "--probes", "2", "--refresh-every", "2",
        "--batches", "similar", "--neighbours", "4"))
    #expect(outcome.messages.components(separatedBy: "hard negatives: ").count == 3)
    #expect(outcome.messages.contains("recall of the search"))
    #expect(try contents(folder.file("run/configuration.json")).contains(Data("\"pool\"".utf8)))
    let evaluation = try DecantProgram.succeed(["evaluate", folder.file("run"), "--json"])
    #expect(evaluation.output.contains("P@1"))
    // Nothing is left to do, with the options of the run or without any.
    try DecantProgram.succeed(train("run", "--resume"))
  }

  @Test func `prints nothing with --quiet`() throws {
    let outcome = try DecantProgram.succeed(
      train("run", "--quiet", "--negatives", "pool", "--hard-negatives", "2"))
    #expect(outcome.messages.isEmpty)
  }

  @Test func `the configuration omits negatives by default`() throws {
    try DecantProgram.succeed(train("run"))
    let record = try contents(folder.file("run/configuration.json"))
    #expect(!record.contains(Data("negatives".utf8)))
  }

  @Test func `rejects invalid options`() throws {
    let wrong: [([String], String)] = [
      (["--probes", "0"], "--probes is 0"),
      (["--refresh-every", "0"], "--refresh-every is 0"),
      (["--negatives", "all", "--hard-negatives", "3"], "--negatives pool"),
      (["--negative-margin", "nan"], "--negative-margin"),
      (["--batches", "sorted"], "sorted"),
    ]
    for (options, word) in wrong {
      let command = ["train", data, "--output", folder.file("none")] + options
      try DecantProgram.refuse(command, code: 64, word)
    }
  }
}

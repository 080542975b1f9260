import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// `--nested` of a training and `--dimensions` of the commands that use its run.
@Suite struct NestedTests {
  private let folder: TemporaryFolder
  private let data: String
  private let run: String
  private let texts: String

  init() throws {
    folder = try TemporaryFolder()
    run = folder.file("run")
    texts = folder.file("texts")
    data = try SmallDataset().write(to: folder.file("data"))
    try writeAtomically(SmallDataset().rows.suffix(9).map { $0.text + "\n" }.joined(), to: texts)
  }

  private func train(_ options: String...) throws {
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "3"] + quickly + options)
  }

  private struct Line: Decodable {
    struct Label: Decodable {
      var id: String
      var score: Double
    }
    var labels: [Label]?
    var documents: [Label]?
  }

  private func answers(_ arguments: String...) throws -> [[Line.Label]] {
    try DecantProgram.succeed(arguments + ["--json", "--file", texts]).lines
      .map { line in
        let answer = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
        return answer.labels ?? answer.documents ?? []
      }
  }

  @Test(arguments: [[], ["--normalized"]])
  func `a search of an index ranks like predict with as many dimensions`(options: [String]) throws {
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--nested", "4,8"] + quickly + options)
    let whole = try answers("predict", run, "--k", "20")
    let predicted = try answers("predict", run, "--k", "20", "--dimensions", "4")
    #expect(zip(whole, predicted).contains { $0.map(\.score) != $1.map(\.score) })
    let index = folder.file("labels.index")
    let said = try DecantProgram.succeed(
      ["index", run, "--output", index, "--exact", "--dimensions", "4"])
    #expect(said.messages.contains("20 labels of 4 numbers"))
    #expect(!said.messages.contains("was not trained"))
    func expectSame(_ found: [[Line.Label]]) {
      for (one, other) in zip(found, predicted) {
        expectClose(one.map(\.score), other.map(\.score), tolerance: 1e-4)
      }
    }
    expectSame(try answers("search", index, run, "--k", "20"))
    try DecantProgram.succeed(
      ["index", run, "--update", index, "--add", "twin=word4x1", "--remove", "label7"])
    #expect(try answers("search", index, run, "--k", "30").allSatisfy { $0.count == 20 })
    let documents = folder.file("documents.index")
    try DecantProgram.succeed(
      ["index", run, "--of", "documents", "--output", documents, "--exact", "--dimensions", "4"])
    let found = try answers("search", documents, run, "--k", "1")
    #expect(found.map { $0.first?.id } == (291..<300).map { "d\($0)" })
  }

  @Test func `embeds and evaluates with as many dimensions`() throws {
    try train("--nested", "4,8")
    let (short, long) = (folder.file("short.npy"), folder.file("long.npy"))
    try DecantProgram.succeed(
      ["embed", run, "--file", texts, "--output", short, "--dimensions", "4"])
    try DecantProgram.succeed(["embed", run, "--file", texts, "--output", long])
    let (part, whole) = (try NumpyFile.read(short), try NumpyFile.read(long))
    #expect(part.shape == [9, 4])
    expectClose(part, whole.slice(0..<4, along: 1), tolerance: 1e-6)
    let all = try Evaluation.of(run)
    #expect(try Evaluation.of(run, "--dimensions", "16").values["nDCG@5"] == all.values["nDCG@5"])
    #expect(try Evaluation.of(run, "--dimensions", "4").values["nDCG@5"] != all.values["nDCG@5"])
  }

  @Test func `notes a cut that was not trained for`() throws {
    try train()
    let outcome = try DecantProgram.succeed(["predict", run, "--dimensions", "4", "word1x2"])
    #expect(outcome.messages.contains("was not trained for the first 4 of its 16 dimensions"))
    #expect(outcome.lines.count == 6)
  }

  @Test func `rejects impossible dimensions`() throws {
    let command = ["train", data, "--output", run, "--quiet"] + quickly
    for (lengths, words) in [
      ("16", "ascending lengths below the dimension"), ("8,4", "ascending"), ("0,4", "at least 1"),
      ("four", "a whole number"),
    ] {
      try DecantProgram.refuse(command + ["--nested", lengths], code: 64, "nested", words)
    }
    try train("--nested", "0")
    for number in ["0", "17"] {
      for rest in [
        ["predict", run, "word1x2"], ["evaluate", run],
        ["embed", run, "--output", folder.file("a.npy"), "word1x2"],
        ["index", run, "--output", folder.file("a.index")],
      ] {
        try DecantProgram.refuse(
          rest + ["--dimensions", number], code: 65,
          "\(number) dimensions are asked for, the run has 16; expected from 1 to 16")
      }
    }
    try DecantProgram.refuse(
      ["predict", run, "--dimensions", "4", "--calibrated", "a"], code: 64, "--dimensions")
    try DecantProgram.refuse(
      [
        "embed", run, "--dimensions", "4", "--inputs", "--output", folder.file("a.safetensors"),
        "a",
      ],
      code: 64, "--dimensions apply to embeddings")
    try DecantProgram.refuse(
      ["index", run, "--update", folder.file("a.index"), "--remove", "a", "--dimensions", "4"],
      code: 64, "--update keeps the kind")
  }
}

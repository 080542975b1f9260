import Foundation
import Storage
import TestSupport
import Testing

@Suite struct RefusalTests {
  private let folder: TemporaryFolder
  private let data: String
  private let run: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    run = folder.file("run")
  }

  @Test func `wrong usage exits with 64`() throws {
    let commands: [([String], String)] = [
      (["train"], "<data>"),
      (["train", data], "--output"),
      (["train", data, "--output", run, "--bogus"], "--bogus"),
      (["train", data, "--output", run, "--epochs", "0"], "--epochs is 0"),
      (["train", data, "--output", run, "--epochs", "many"], "many"),
      (["train", data, "--output", run, "--loss", "hinge"], "hinge"),
      (["train", data, "--output", run, "--temperature", "nan"], "--temperature"),
      (["train", data, "--output", run, "--checkpoint-interval", "inf"], "--checkpoint-interval"),
      (["train", data, "--output", run, "--threads", "0"], "--threads is 0"),
      (["train", data, "--output", run, "--device", "gpu"], "--device is gpu"),
      (["train", data, "--output", data], "--output"),
      (["data", "debian", "--task", "bogus", "--output", run], "bogus"),
      (["evaluate"], "run"),
      (["evaluate", run, "--split", "bogus"], "bogus"),
      (["evaluate", run, "--threads", "0"], "--threads is 0"),
      (["predict", run, "--k", "0", "text"], "--k is 0"),
      (["predict", run, "--file", "texts", "text"], "--file"),
      (["bogus"], "bogus"),
    ]
    let before = try names(in: data)
    for (command, words) in commands { try DecantProgram.refuse(command, code: 64, words) }
    #expect(!FileManager.default.fileExists(atPath: run))
    #expect(try names(in: data) == before)
  }

  @Test(
    .enabled("needs a machine without a GPU") {
      !FileManager.default.fileExists(atPath: "/dev/nvidiactl")
    })
  func `a missing GPU exits with 74 and leaves no run`() throws {
    let command = ["train", data, "--output", run, "--device", "cuda:0"]
    try DecantProgram.refuse(command, code: 74, "cuda:0: libtorch")
    #expect(!FileManager.default.fileExists(atPath: run))
    try DecantProgram.refuse(
      ["train", data, "--output", run, "--device", "rehearsal"], code: 65, "cpu or cuda")
  }

  @Test func `wrong usage that shows only in a command has no usage of decant`() throws {
    let lost = try folder.write("{}", to: "settings.json")
    let outcome = try DecantProgram.run(["train", "--config", lost, "--output", run])
    #expect(outcome.code == 64)
    #expect(outcome.messages == "decant: \(lost) names no data set; name it here, as <data>.\n")
  }

  @Test func `bad data exits with 65 and leaves no run`() throws {
    func refuse(_ file: String, _ text: String, _ words: String...) throws {
      let bad = folder.file("bad")
      try SmallDataset().write(to: bad)
      try writeAtomically(text, to: "\(bad)/\(file)")
      for word in words {
        try DecantProgram.refuse(["train", bad, "--output", run], code: 65, word)
      }
      #expect(!FileManager.default.fileExists(atPath: run), "\(file)")
    }
    let train = folder.file("bad") + "/train.jsonl"
    try refuse("train.jsonl", "{\"id\":\"d0\",\"labels\":[]}\n{\"id\":\"d1\",\n", "\(train):2:")
    try refuse("train.jsonl", "{\"id\":\"d0\",\"labels\":[\"x\"]}\n", "\(train):1:23", "\"x\"")
    try refuse("train.jsonl", "", "nothing to train on")
    try refuse("train.jsonl", "{\"id\":\"d0\",\"labels\":[]}\n", "no training document has a label")
    try refuse("labels.jsonl", "", "labels.jsonl")
    try refuse("documents.jsonl", "\u{0}", "documents.jsonl:1:1")
    try refuse("dataset.json", "{", "dataset.json")
  }

  @Test func `divergence exits with 65, no progress only warns`() throws {
    func train(_ rate: String, epochs: String) -> [String] {
      ["train", data, "--output", run, "--quiet", "--threads", "1", "--epochs", epochs]
        + ["--batch-size", "300", "--learning-rate", rate, "--table-learning-rate", rate]
    }
    // One step, whose loss is still that of the first weights.
    try DecantProgram.refuse(train("1e29", epochs: "1"), code: 65, "learning rate")
    #expect(!FileManager.default.fileExists(atPath: run + "/run.json"))
    try FileManager.default.removeItem(atPath: run)
    let outcome = try DecantProgram.succeed(train("1e6", epochs: "3"))
    #expect(outcome.messages.contains("nothing was learnt"), "\(outcome.messages)")
  }

  @Test func `texts without a common word exit with 65`() throws {
    let file = folder.file("strange.jsonl")
    // Runs of different characters; with fewer texts, features of a single one are kept.
    let texts = "abcdefghijklmnopqrstuvwxyzабвгдежзиклмнопрстуфхцчшщэюя".map {
      String(repeating: $0, count: 6)
    }
    try writeAtomically(
      texts.map { "{\"text\":\"\($0)\",\"labels\":[\"a\"]}\n" }.joined(), to: file)
    try DecantProgram.refuse(
      ["train", file, "--output", run], code: 65, "no feature occurs in at least 2",
      "features.minimumDocumentCount")
    #expect(!FileManager.default.fileExists(atPath: run))
  }

  @Test func `missing files exit with 74`() throws {
    let missing = folder.file("missing")
    try DecantProgram.refuse(
      ["train", missing, "--output", run], code: 74, missing, "No such file")
    #expect(!FileManager.default.fileExists(atPath: run))
    try DecantProgram.refuse(["evaluate", missing], code: 74, missing)
    try DecantProgram.refuse(["predict", missing, "text"], code: 74, missing)
    try writeAtomically("a file", to: folder.file("file"))
    try DecantProgram.refuse(
      ["train", data, "--output", folder.file("file")], code: 74, folder.file("file"))
    try DecantProgram.refuse(
      ["train", data, "--output", folder.file("file/run")], code: 74, folder.file("file/run"))
    try DecantProgram.refuse(
      ["train", data, "--output", run], code: 74, "/nonexistent", "Scripts/setup",
      environment: ["DECANT_TORCH_LIBRARY": "/nonexistent"])
    #expect(!FileManager.default.fileExists(atPath: run))
  }

  @Test func `a folder without a run exits with 65`() throws {
    try DecantProgram.refuse(["evaluate", data], code: 65, "not a run folder")
    try DecantProgram.refuse(["predict", data, "text"], code: 65, "not a run folder")
  }

  @Test func `a model too large for memory exits with 64`() throws {
    try DecantProgram.refuse(
      ["train", data, "--output", run, "--quiet", "--dimension", "1000000000000"], code: 64,
      "the model needs", "this process can use")
    #expect(!FileManager.default.fileExists(atPath: run))
  }
}

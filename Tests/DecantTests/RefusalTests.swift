import Foundation
import TestSupport
import Testing
import Torch

@Suite struct RefusalTests {
  private let folder: TemporaryFolder
  private let data: String
  private let run: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    run = folder.file("run")
  }

  @Test func wrongUsageIs64() throws {
    let commands: [([String], String)] = [
      (["train"], "dir"),
      (["train", data], "--output"),
      (["train", data, "--output", run, "--bogus"], "--bogus"),
      (["train", data, "--output", run, "--epochs", "0"], "--epochs is 0"),
      (["train", data, "--output", run, "--epochs", "many"], "many"),
      (["train", data, "--output", run, "--loss", "hinge"], "hinge"),
      (["train", data, "--output", run, "--temperature", "nan"], "--temperature"),
      (["train", data, "--output", run, "--checkpoint-interval", "inf"], "--checkpoint-interval"),
      (["train", data, "--output", run, "--threads", "0"], "--threads is 0"),
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

  @Test func badDataIs65AndLeavesNoRunBehind() throws {
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
    try refuse("train.jsonl", "{\"id\":\"d0\",\"labels\":[]}\n", "no document of train has a label")
    try refuse("labels.jsonl", "", "labels.jsonl")
    try refuse("documents.jsonl", "\u{0}", "documents.jsonl:1:1")
    try refuse("dataset.json", "{", "dataset.json")
  }

  @Test func textsWithoutACommonWordAre65() throws {
    let file = folder.file("strange.jsonl")
    try writeAtomically(
      "{\"text\":\"alpha\",\"labels\":[\"a\"]}\n{\"text\":\"omega\",\"labels\":[\"a\"]}\n", to: file
    )
    try DecantProgram.refuse(["train", file, "--output", run], code: 65, "feature")
    #expect(!FileManager.default.fileExists(atPath: run))
  }

  @Test func whatIsNotThereIs74() throws {
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

  @Test func aFolderWithoutARunIs65() throws {
    try DecantProgram.refuse(["evaluate", data], code: 65, "not a run's folder")
    try DecantProgram.refuse(["predict", data, "text"], code: 65, "not a run's folder")
  }

  @Test func aModelLargerThanTheMachineIs64() throws {
    try DecantProgram.refuse(
      ["train", data, "--output", run, "--quiet", "--dimension", "1000000000000"], code: 64,
      "the model needs", "this process may have")
    #expect(!FileManager.default.fileExists(atPath: run))
  }
}

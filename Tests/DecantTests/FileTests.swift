import Foundation
import TestSupport
import Testing
import Torch

/// Inputs that are pipes or change, outputs that are pipes, devices or links.
@Suite struct FileTests {
  private let folder: TemporaryFolder
  private let run: String
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    run = folder.file("run")
    data = try SmallDataset(documents: 100).writeSingleFile(to: folder.file("data.jsonl"))
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "1"] + quickly)
  }

  /// Runs a line of the shell in the folder, where `$decant` is the program.
  private func shell(_ line: String) throws -> DecantProgram.Outcome {
    try DecantProcess(
      ["-c", "cd '\(folder.path)' && decant=$0 && \(line)", DecantProgram.path], program: "/bin/sh"
    ).wait()
  }

  private func succeed(_ line: String) throws {
    let outcome = try shell(line)
    #expect(outcome.code == 0, "\(line): \(outcome.messages)")
  }

  private func kind(_ name: String) -> mode_t? {
    var status = stat()
    return lstat(folder.file(name), &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  @Test func `outputs may have one-character names`() throws {
    try folder.write("1 2 2\n0 0:1 1:1\n", to: "train.txt")
    mkdir(folder.file("s"), 0o755)
    rename(folder.file("train.txt"), folder.file("s/train.txt"))
    for line in [
      "index run --output i", "report run --output p", "export run --output x",
      "evaluate run --rankings q", "data import --format svmlight s --output d", "new n",
      "data export data.jsonl --format svmlight --output e",
    ] {
      try succeed("$decant \(line)")
    }
    let names = try folder.names().filter { $0.count == 1 }
    #expect(names == ["d", "e", "i", "n", "p", "q", "s", "x"])
  }

  @Test func `outputs may be pipes, devices, links and standard output`() throws {
    try succeed("$decant report run --output whole.html && $decant export run --output whole.onnx")
    try succeed("$decant export run --output /dev/stdout | cmp - whole.onnx")
    try succeed(
      "mkfifo pipe && { cmp pipe whole.onnx & $decant export run --output pipe; wait $!; }")
    #expect(kind("pipe") == S_IFIFO)
    try succeed("ln -s target.html link.html && $decant report run --output link.html")
    #expect(kind("link.html") == S_IFLNK)
    #expect(try folder.text("target.html") == folder.text("whole.html"))
    if geteuid() == 0, mknod(folder.file("null"), S_IFCHR | 0o600, 1 << 8 | 3) == 0 {
      try succeed("$decant index run --output null")
      #expect(kind("null") == S_IFCHR)
    }
    let refusal = try shell("$decant report run --output .")
    #expect(
      refusal.code == 74 && refusal.messages.hasSuffix("decant: cannot write .: Is a directory\n"))
  }

  @Test func `inputs may be pipes`() throws {
    let options = quickly.joined(separator: " ")
    try succeed(
      "cat data.jsonl | $decant train /dev/stdin --output piped --quiet --epochs 1 \(options)")
    #expect(
      try contents(folder.file("piped/model.safetensors")) == contents("\(run)/model.safetensors"))
    // The first line names the data set after the file.
    try succeed("cat data.jsonl | $decant inspect /dev/stdin | tail -n +2 > piped.txt")
    try succeed("$decant inspect data.jsonl | tail -n +2 > plain.txt")
    #expect(try folder.text("piped.txt") == folder.text("plain.txt"))
    try folder.write("{\"text\":\"word1x1 new\",\"labels\":[\"label1\"]}\n", to: "f.jsonl")
    try succeed(
      "cat f.jsonl | $decant train data.jsonl --feedback /dev/stdin --output fed --quiet --epochs 1"
    )
    try succeed("echo word1x1 | $decant predict run --file /dev/stdin")
    try succeed("$decant predict run --file /dev/null")
  }

  @Test func `a full disk keeps the old file and reports the error`() throws {
    try folder.write("old", to: "page.html")
    // In blocks of 512 or 1,024 bytes.
    let outcome = try shell("ulimit -f 1; exec $decant report run --output page.html")
    #expect(outcome.code == 74)
    #expect(outcome.messages.hasSuffix("decant: cannot write page.html: File too large\n"))
    #expect(try folder.text("page.html") == "old")
    #expect(try folder.names() == ["data.jsonl", "page.html", "run"])
  }

  /// The outcome of a `predict` that has answered once when `change` happens to its model.
  private func predict(limit: String, _ change: (String) throws -> Void) throws
    -> DecantProgram.Outcome
  {
    mkfifo(folder.file("lines"), 0o600)
    let writer = open(folder.file("lines"), O_RDWR | O_CLOEXEC)
    let process = try DecantProcess(
      ["predict", run, "--file", folder.file("lines")],
      environment: ["DECANT_COPY_LIMIT": limit], output: folder.file("answers"))
    _ = "word1x1\n".withCString { write(writer, $0, 8) }
    try process.wait { try contents(folder.file("answers")).count > 0 }
    usleep(20_000)
    try change("\(run)/model.safetensors")
    _ = "word2x2\n".withCString { write(writer, $0, 8) }
    close(writer)
    return try process.wait()
  }

  @Test func `truncating a model does not affect its loaded copy`() throws {
    let outcome = try predict(limit: "1000000000") { truncate($0, 0) }
    #expect(outcome.code == 0 && outcome.messages.isEmpty, "\(outcome.messages)")
  }

  @Test func `a truncated mapped model exits with its name`() throws {
    let outcome = try predict(limit: "0") { truncate($0, 0) }
    #expect(outcome.code == 74)
    #expect(
      outcome.messages
        == "decant: \(run)/model.safetensors was shortened while it was being read\n")
  }

  @Test func `a changed mapped model gives no answer`() throws {
    let outcome = try predict(limit: "0") { path in
      let descriptor = open(path, O_WRONLY)
      pwrite(descriptor, [UInt8(1), 2, 3], 3, 2000)
      close(descriptor)
    }
    #expect(outcome.code == 65)
    #expect(outcome.messages.contains("model.safetensors: it was changed while it was being used"))
    #expect(outcome.output.split(separator: "\n").first == "word1x1")
    #expect(!outcome.output.contains("word2x2"))
  }

  @Test func `a killed export or import does not block the next`() throws {
    for name in ["bags.partial-1-1", "set.partial-1"] {
      mkdir(folder.file(name), 0o755)
      try folder.write("half", to: "\(name)/train.txt")
    }
    try succeed("$decant data export data.jsonl --format svmlight --output bags")
    try succeed("$decant data import --format svmlight bags --output set")
    #expect(try folder.names() == ["bags", "data.jsonl", "run", "set"])
  }
}

import Foundation
import TestSupport
import Testing
import Torch

/// `decant serve` as a process: it starts, survives being killed, and ends when asked to.
@Suite struct ServeTests {
  private let folder: TemporaryFolder
  private let run: String

  init() throws {
    folder = try TemporaryFolder()
    run = folder.file("run")
    let data = try SmallDataset().write(to: folder.file("data"))
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--labels", "both", "--quiet"] + quickly)
  }

  /// Starts the service and waits until it answers.
  private func start(_ options: String..., token: String? = nil) throws -> (
    process: DecantProcess, client: LoopbackClient
  ) {
    let output = folder.file("output")
    try folder.write("", to: "output")
    let process = try DecantProcess(
      ["serve", run, "--port", "0"] + options,
      environment: token.map { ["DECANT_TOKEN": $0] } ?? [:], output: output)
    func port() throws -> Int? {
      let line = try folder.text("output").split(separator: "\n").first ?? ""
      guard line.hasSuffix("/") else { return nil }
      return line.dropLast().split(separator: ":").last.flatMap { Int($0) }
    }
    try process.wait { try port() != nil }
    let (number, messages) = (try port(), try process.messages)
    return (process, LoopbackClient(port: try #require(number, "\(messages)")))
  }

  @Test func `confirmed writes survive a kill`() async throws {
    let text = (0..<4).map { SmallDataset.word(of: 3, $0) }.joined(separator: " ")
    let (first, client) = try start()
    let added = try await client.ask("POST", "/v1/labels", #"{"id": "new", "text": "\#(text)"}"#)
    #expect(added.status == 201, "\(added)")
    let told = try await client.ask(
      "POST", "/v1/feedback", #"{"text": "\#(text)", "accepted": ["new"]}"#)
    #expect(told.status == 201, "\(told)")
    first.send(SIGKILL)
    #expect(try first.wait().code == -SIGKILL)

    let (second, again) = try start("--threads", "2", "--log-format", "json")
    let answer = try await again.ask("POST", "/v1/predict", #"{"text": "\#(text)", "k": 2}"#)
    #expect(answer.body.contains("\"new\"") && answer.body.contains("\"label3\""), "\(answer)")
    let feedback = try await again.ask("GET", "/v1/feedback").body
    #expect(feedback.contains(#"{"labels":["new"],"rejected":[],"text":"\#(text)"}"#))
    second.send(SIGTERM)
    let outcome = try second.wait()
    #expect(outcome.code == 0, "\(outcome.messages)")
    for line in outcome.messages.split(separator: "\n") {
      #expect(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any], "\(line)")
    }

    // Training uses the feedback.
    try folder.write(feedback, to: "feedback.jsonl")
    let retrained = try DecantProgram.succeed(
      [
        "train", folder.file("data"), "--output", folder.file("better"), "--feedback",
        folder.file("feedback.jsonl"),
      ] + quickly)
    #expect(retrained.messages.contains("1 added, 1 new label\n"), "\(retrained.messages)")
    let labels = String(decoding: try contents(folder.file("better/labels.json")), as: UTF8.self)
    #expect(labels.contains("\"new\""))
  }

  @Test func `reads the token from the environment or a file`() async throws {
    let (process, client) = try start(token: "geheim")
    #expect(try await client.ask("GET", "/v1/model").status == 401)
    let header = ["Authorization": "Bearer geheim"]
    #expect(try await client.ask("GET", "/v1/model", headers: header).status == 200)
    process.send(SIGINT)
    #expect(try process.wait().code == 0)
    try DecantProgram.refuse(
      ["serve", run, "--port", "0"], code: 65, "DECANT_TOKEN", "empty",
      environment: ["DECANT_TOKEN": ""])
    try folder.write("\n", to: "token")
    try DecantProgram.refuse(
      ["serve", run, "--port", "0", "--token-file", folder.file("token")], code: 65,
      "token:1: the line is empty", "the token")
  }

  @Test func `two services never share a store`() async throws {
    let (first, client) = try start()
    try DecantProgram.refuse(
      ["serve", run, "--port", "0"], code: 74, "service.sqlite", "port \(client.port)")
    #expect(try await client.ask("GET", "/readyz").status == 200)
    first.send(SIGKILL)
    #expect(try first.wait().code == -SIGKILL)
    let (second, again) = try start()
    #expect(try await again.ask("GET", "/readyz").status == 200)
    second.send(SIGTERM)
    #expect(try second.wait().code == 0)
  }

  @Test func `reports startup errors in one sentence`() throws {
    try DecantProgram.refuse(["serve", run, "--port", "70000"], code: 64, "70000")
    try DecantProgram.refuse(["serve", run, "--threads", "0"], code: 64, "--threads is 0")
    try DecantProgram.refuse(["serve", folder.file("none")], code: 74, "none")
    try DecantProgram.refuse(
      ["serve", run, "--allowed-host", "http://a.example"], code: 64, "http://a.example")
    try folder.write("no database", to: "x.sqlite")
    try DecantProgram.refuse(
      ["serve", run, "--port", "0", "--store", folder.file("x.sqlite")], code: 65, "x.sqlite",
      "not a database")
  }
}

import Foundation
import Storage
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
    try start([run] + options, token: token)
  }

  private func start(_ arguments: [String], token: String? = nil) throws -> (
    process: DecantProcess, client: LoopbackClient
  ) {
    let output = folder.file("output")
    try folder.write("", to: "output")
    let process = try DecantProcess(
      ["serve", "--port", "0"] + arguments,
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

  @Test func `ranks with the first dimensions`() async throws {
    struct Answer: Decodable {
      struct Label: Decodable {
        var id: String
        var score: Double
      }
      var labels: [Label]
    }
    let text = "word3x1 word4x2"
    let (process, client) = try start("--dimensions", "4")
    let served = try await client.ask("POST", "/v1/predict", #"{"text": "\#(text)", "k": 3}"#)
    let line = try DecantProgram.succeed(
      ["predict", run, "--dimensions", "4", "--k", "3", "--json", text]
    ).lines[0]
    let answers = try [served.body, line].map {
      try JSONDecoder().decode(Answer.self, from: Data($0.utf8)).labels
    }
    #expect(answers[0].map(\.id) == answers[1].map(\.id))
    expectClose(answers[0].map(\.score), answers[1].map(\.score), tolerance: 1e-4)
    process.send(SIGTERM)
    #expect(try process.wait().code == 0)
    let refused = try DecantProgram.run(["serve", run, "--port", "0", "--dimensions", "17"])
    #expect(refused.code == 65 && refused.messages.contains("the run has 16"))
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

  @Test func `serves several runs by name, each with a store`() async throws {
    let other = folder.file("name=value")
    try FileManager.default.copyItem(atPath: run, toPath: other)
    try FileManager.default.createDirectory(
      atPath: folder.file("stores"), withIntermediateDirectories: false)
    let (process, client) = try start([
      run, "second=\(run)", other, "--store", folder.file("stores"), "--documents",
      "second=\(folder.file("data"))",
    ])
    let list = try await client.ask("GET", "/v1/runs").json["runs"] as? [[String: Any]]
    #expect(list?.map { $0["name"] as? String } == ["run", "second", "name=value"])
    #expect(list?.map { $0["hasDocuments"] as? Bool } == [false, true, false])
    process.send(SIGTERM)
    let outcome = try process.wait()
    #expect(outcome.code == 0, "\(outcome.messages)")
    for name in ["run", "second", "name=value"] {
      #expect(FileManager.default.fileExists(atPath: folder.file("stores/\(name).sqlite")))
    }
    try DecantProgram.refuse(["serve", run, run], code: 65, "\"run\"", "two runs")
    try DecantProgram.refuse(
      ["serve", run, other, "--store", folder.file("x")], code: 65, "--store", "folder")
    try DecantProgram.refuse(
      ["serve", run, "--documents", "none=\(folder.file("data"))"], code: 65, "no run \"none\"")
    try DecantProgram.refuse(["serve", run, other, "--with", run], code: 64, "--with", "2 runs")
  }

  @Test func `SIGHUP opens an unchanged run again, with its documents`() async throws {
    let data = folder.file("data/documents.jsonl")
    let (process, client) = try start("--documents", folder.file("data"))
    let question = #"{"text": "\#(SmallDataset().rows[0].text)", "k": 1}"#
    func similar() async throws -> String {
      try await client.ask("POST", "/v1/similar", question).body
    }
    #expect(try await similar().contains("\"d0\""))
    for name in ["documents", "train", "test"] {
      let file = folder.file("data/\(name).jsonl")
      try writeAtomically(
        String(contentsOfFile: file, encoding: .utf8)
          .replacingOccurrences(of: #"{"id":"d"#, with: #"{"id":"again"#), to: file)
    }
    process.send(SIGHUP)
    let end = ContinuousClock.now + .seconds(20)
    while try await !similar().contains("\"again0\""), .now < end {
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try await similar().contains("\"again0\""))
    // Data that cannot be read leaves the model as it is.
    try writeAtomically("{", to: data)
    process.send(SIGHUP)
    try process.wait { try process.messages.contains("cannot be opened again") }
    #expect(try await similar().contains("\"again0\""))
    #expect(try await client.ask("GET", "/readyz").status == 200)
    process.send(SIGTERM)
    #expect(try process.wait().code == 0)
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

import ArgumentParser
import Datasets
import Foundation
import Logging
import Serving
import Torch
import Training

/// A program of its own, so that who only trains does not wait for a web server to compile.
@main
struct DecantServe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decant serve",
    abstract: "Serves a finished run over HTTP, with a page to try it.",
    discussion: """
      Labels that are added while it runs, and verdicts on its answers, are kept in one SQLite file \
      beside the run. Ends on SIGTERM or Ctrl+C once the requests that have begun are answered.

      Examples:
        decant serve runs/tags
        decant serve runs/tags --with runs/tags2 --documents data/debian-tags --port 9000
        curl -s localhost:8080/v1/predict -H 'Content-Type: application/json' \\
          -d '{"text": "a text editor for programmers", "k": 3}'
        curl -s localhost:8080/v1/feedback > feedback.jsonl
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var run_: String

  @Option(
    name: .customLong("with"),
    help: ArgumentHelp("Another run; labels are ranked by the mean score.", valueName: "run"))
  var others: [String] = []

  @Option(help: "Take this multiple of a label's log prior off its score.")
  var logitAdjustment = 0.0

  @Option(help: "Where to listen; other machines can only reach it at another address than this.")
  var host = "127.0.0.1"

  @Option(help: "The port; 0 takes a free one, which is printed.")
  var port = 8080

  @Option(
    help: ArgumentHelp(
      "The file of added labels and feedback (default: service.sqlite in the run's folder).",
      valueName: "file"))
  var store: String?

  @Option(
    help: ArgumentHelp(
      "A data set whose documents are searched for similar ones.", valueName: "data"))
  var documents: String?

  @Option(
    help: ArgumentHelp(
      "A file whose first line is the token that requests must carry; or set DECANT_TOKEN.",
      valueName: "file"))
  var tokenFile: String?

  @Option(help: "Requests a second that one address may make, on average (default: no limit).")
  var rateLimit: Double?

  @Option(help: "The largest body of a request, in KiB.")
  var maximumBody = 1024

  @Option(help: "Seconds that a request may take to arrive and a connection may stay idle.")
  var timeout = 10

  @Option(help: "Texts that are ranked together, at most.")
  var batch = 64

  @Option(help: "Requests that may wait for the model.")
  var queue = 1024

  @Option(help: "Threads of the model; one leaves the others to requests.")
  var threads = 1

  @Option(help: "What is logged: trace, debug (each request), info, warning or error.")
  var logLevel = "info"

  @Option(help: "How it is logged to standard error: text or json.")
  var logFormat = LogFormat.text

  enum LogFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

  func validate() throws {
    func require(_ isGood: Bool, _ message: String) throws {
      if !isGood { throw ValidationError(message) }
    }
    try require(0...65535 ~= port, "--port is \(port); it must be 0 to 65535.")
    try require(threads >= 1, "--threads is \(threads); it must be at least 1.")
    try require(batch >= 1, "--batch is \(batch); it must be at least 1.")
    try require(queue >= 1, "--queue is \(queue); it must be at least 1.")
    try require(timeout >= 1, "--timeout is \(timeout); it must be at least 1.")
    try require(
      1...(1 << 20) ~= maximumBody, "--maximum-body is \(maximumBody); it must be 1 to 1048576.")
    try require(
      rateLimit.map { $0 > 0 && $0.isFinite } ?? true, "--rate-limit must be greater than 0.")
    try require(logitAdjustment.isFinite, "--logit-adjustment must be finite.")
    try require(
      Logger.Level(rawValue: logLevel) != nil,
      "--log-level is \"\(logLevel)\"; it must be trace, debug, info, notice, warning, error or "
        + "critical.")
  }

  func run() async throws {
    FileGuard.install(program: "decant serve")
    do {
      try await service().run()
    } catch {
      FileHandle.standardError.write(Data("decant serve: \(error)\n".utf8))
      throw ExitCode(error is InputError ? 65 : error is FileError ? 74 : 70)
    }
  }

  private func service() throws -> DecantService {
    let level = Logger.Level(rawValue: logLevel) ?? .info
    let format = logFormat
    LoggingSystem.bootstrap { label in
      var handler: any LogHandler =
        format == .json
        ? JSONLogHandler(label: label) : StreamLogHandler.standardError(label: label)
      handler.logLevel = level
      return handler
    }
    let logger = Logger(label: "decant")
    let model = try TrainedModel(folder: RunFolder(path: run_), threads: threads)
      .averaged(
        with: others.map { try TrainedModel(folder: RunFolder(path: $0), threads: threads) }
      )
      .adjusted(byLogPrior: logitAdjustment)
    var settings = ServiceConfiguration()
    settings.host = host
    settings.port = port
    settings.token = try token()
    settings.maximumBodySize = maximumBody << 10
    settings.requestsPerSecond = rateLimit
    settings.arrivalSeconds = timeout
    settings.queue.batch = batch
    settings.queue.waiting = queue
    let host = host
    return try DecantService(
      model, store: store ?? run_ + "/service.sqlite",
      documents: try documents.map { try Dataset.read($0).documents }, settings: settings,
      logger: logger
    ) { port in
      // The one line on standard output: scripts wait for it.
      print("listening on http://\(host):\(port)/")
      fflush(nil)
    }
  }

  private func token() throws -> String? {
    guard let tokenFile else {
      return ProcessInfo.processInfo.environment["DECANT_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
    }
    let bytes = try MappedFile(path: tokenFile).withBytes { Array($0.prefix(4096)) }
    let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first
    guard let token = line?.trimmingCharacters(in: .whitespaces), !token.isEmpty else {
      throw InputError(
        file: tokenFile, line: 1, reason: "the line is empty", expected: "the token")
    }
    return token
  }
}

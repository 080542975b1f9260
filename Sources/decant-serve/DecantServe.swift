import ArgumentParser
import Foundation
import Logging
import Serving
import Torch
import Training

/// A program of its own, so that training builds never compile the web server.
@main
struct DecantServe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decant serve",
    abstract: "Serves a finished run over HTTP, with a page to try it.",
    discussion: """
      Labels that are added while it runs, and verdicts on its answers, are kept in one SQLite file \
      beside the run. When the run is replaced, by a newer training for example, the new model \
      answers within seconds, without a restart. Ends on SIGTERM or Ctrl+C once the requests that \
      have begun are answered.

      On a loopback address, the default, it answers only requests for localhost, 127.0.0.1 and \
      [::1], and none that pages of other sites make; a proxy must pass the Host header on, and \
      --allowed-host names the hosts it has there.

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

  @Option(
    help: ArgumentHelp(
      "A host name, without a port, that it answers to as well; may be repeated.",
      valueName: "name"))
  var allowedHost: [String] = []

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

  @Option(help: "Labels that may be added in all.")
  var maximumAddedLabels = 10_000

  @Option(help: "Characters of the text of an added label, at most.")
  var maximumLabelText = 4096

  @Option(help: "Characters of a text that feedback is kept on, at most.")
  var maximumFeedbackText = 262_144

  @Option(help: "The largest size of the store, in MiB.")
  var maximumStore = 1024

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
    for (name, value) in [
      ("--maximum-label-text", maximumLabelText), ("--maximum-feedback-text", maximumFeedbackText),
    ] {
      try require(value >= 1, "\(name) is \(value); it must be at least 1.")
    }
    try require(
      maximumAddedLabels >= 0,
      "--maximum-added-labels is \(maximumAddedLabels); it must be at least 0.")
    try require(
      1...(1 << 24) ~= maximumStore, "--maximum-store is \(maximumStore); it must be 1 to 16777216."
    )
    for name in allowedHost {
      try require(
        ServiceConfiguration.isHostName(name),
        "--allowed-host is \"\(name)\"; it must be a name or an address, without http:// and port.")
    }
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
        ? JSONLogHandler(label: label) : OneLineLogHandler(label: label)
      handler.logLevel = level
      return handler
    }
    let logger = Logger(label: "decant")
    let source = ModelSource(
      run: RunFolder(path: run_), others: others.map { RunFolder(path: $0) },
      logitAdjustment: logitAdjustment, threads: threads, documents: documents)
    var settings = ServiceConfiguration()
    settings.host = host
    settings.port = port
    settings.allowedHosts = allowedHost
    settings.token = try token()
    settings.maximumBodySize = maximumBody << 10
    settings.maximumAddedLabels = maximumAddedLabels
    settings.maximumLabelText = maximumLabelText
    settings.maximumFeedbackText = maximumFeedbackText
    settings.maximumStoreSize = maximumStore << 20
    settings.requestsPerSecond = rateLimit
    settings.arrivalSeconds = timeout
    settings.queue.batch = batch
    settings.queue.waiting = queue
    let host = host.contains(":") ? "[\(host)]" : host
    return try DecantService(
      source, store: store ?? run_ + "/service.sqlite", settings: settings, logger: logger
    ) { port in
      // The one line on standard output: scripts wait for it.
      print("listening on http://\(host):\(port)/")
      fflush(nil)
    }
  }

  private func token() throws -> String? {
    guard let tokenFile else {
      guard let given = ProcessInfo.processInfo.environment["DECANT_TOKEN"] else { return nil }
      let token = given.trimmingCharacters(in: .whitespacesAndNewlines)
      // A command that failed to print the token must not open the service to everybody.
      guard !token.isEmpty else {
        throw InputError(
          file: "the environment variable DECANT_TOKEN", reason: "it is set and empty",
          expected: "the token, or no such variable for a service that asks for none")
      }
      return token
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

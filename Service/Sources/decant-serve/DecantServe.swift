import ArgumentParser
import Foundation
import Logging
import Models
import Serving
import Storage

/// A separate program, so that training builds never compile the web server.
@main
struct DecantServe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decant serve",
    abstract: "Serve a finished run over HTTP, with a page to try it.",
    discussion: """
      Labels added while it runs, and feedback on its predictions, are stored in a SQLite file in \
      the run's folder. When the run is replaced, for example by a newer training, the new model \
      takes over within seconds, without a restart. On SIGTERM or Ctrl+C the service ends once all \
      requests in progress are answered.

      On a loopback address, the default, it only answers requests for localhost, 127.0.0.1 and \
      [::1], and rejects requests from pages of other sites; a proxy must forward the Host header, \
      and --allowed-host adds the host names that it uses.

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
    help: ArgumentHelp("Another run; labels are ranked by their mean score.", valueName: "run"))
  var others: [String] = []

  @Option(help: "Subtract this multiple of a label's log prior from its score.")
  var logitAdjustment = 0.0

  @Option(help: "The address to listen at; other machines cannot reach a loopback address.")
  var host = "127.0.0.1"

  @Option(
    help: ArgumentHelp(
      "An additional host name to answer to, without a port; may be repeated.",
      valueName: "name"))
  var allowedHost: [String] = []

  @Option(help: "The port; 0 picks a free one and prints it.")
  var port = 8080

  @Option(
    help: ArgumentHelp(
      "The file for added labels and feedback (default: service.sqlite in the run's folder).",
      valueName: "file"))
  var store: String?

  @Option(
    help: ArgumentHelp(
      "A data set to search for similar documents.", valueName: "data"))
  var documents: String?

  @Option(
    help: ArgumentHelp(
      "A file whose first line is the bearer token of requests; or set DECANT_TOKEN.",
      valueName: "file"))
  var tokenFile: String?

  @Option(help: "The average number of requests per second from one address (default: no limit).")
  var rateLimit: Double?

  @Option(help: "The maximum size of a request body, in KiB.")
  var maximumBody = 1024

  @Option(help: "The maximum number of added labels.")
  var maximumAddedLabels = 10_000

  @Option(help: "The maximum length of an added label's text, in characters.")
  var maximumLabelText = 4096

  @Option(help: "The maximum length of a text with feedback, in characters.")
  var maximumFeedbackText = 262_144

  @Option(help: "The maximum size of the store, in MiB.")
  var maximumStore = 1024

  @Option(help: "The number of seconds a request may take to arrive or a connection may stay idle.")
  var timeout = 10

  @Option(help: "The maximum number of texts to rank together.")
  var batch = 64

  @Option(help: "The maximum number of requests waiting for the model.")
  var queue = 1024

  @Option(help: "The number of threads for the model; one leaves the others to requests.")
  var threads = 1

  @Option(help: "The log level: trace, debug (each request), info, warning or error.")
  var logLevel = "info"

  @Option(help: "The log format on standard error: text or json.")
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
      throw ExitCode(error is InputError || error is ValueError ? 65 : error is FileError ? 74 : 70)
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
      // The only line on standard output: scripts wait for it.
      print("listening on http://\(host):\(port)/")
      fflush(nil)
    }
  }

  private func token() throws -> String? {
    guard let tokenFile else {
      guard let given = ProcessInfo.processInfo.environment["DECANT_TOKEN"] else { return nil }
      let token = given.trimmingCharacters(in: .whitespacesAndNewlines)
      // If the command that should print the token failed, the service must not be open to
      // everyone.
      guard !token.isEmpty else {
        throw ValueError(
          "the environment variable DECANT_TOKEN", reason: "it is set and empty",
          expected: "the token, or an unset variable for a service without one")
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

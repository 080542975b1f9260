public import ArgumentParser

/// The arguments of `decant serve`, which `decant` checks and `decant-serve` follows.
public struct ServiceOptions: ParsableArguments {
  /// The summary in the list of commands.
  public static let abstract = "Serve finished runs over HTTP, with a page to try them."

  /// The text of the command's help.
  public static let discussion = """
    Each run is served under its folder's name, or as NAME=FOLDER says: the name is the model of \
    /v1/embeddings, the project of Annif's interface, and a part of the paths /v1/runs/NAME/…; the \
    other paths belong to the first run. Programs written for OpenAI's embeddings, \
    text-embeddings-inference or Annif work unchanged.

    Labels added while it runs, and feedback on predictions, are stored in a SQLite file in \
    each run's folder. When a run is replaced, for example by a newer training, the new model \
    takes over within seconds, without a restart; SIGHUP opens all runs again. On SIGTERM or \
    Ctrl+C the service ends once all requests in progress are answered.

    On a loopback address, the default, it only answers requests for localhost, 127.0.0.1 and \
    [::1], and rejects requests from pages of other sites; a proxy must forward the Host header, \
    and --allowed-host adds the host names that it uses.

    Examples:
      decant serve runs/tags
      decant serve runs/tags --with runs/tags2 --documents data/debian-tags --port 9000
      decant serve runs/tags german=runs/tags-de --store stores
      curl -s localhost:8080/v1/predict -H 'Content-Type: application/json' \\
        -d '{"text": "a text editor for programmers", "k": 3}'
      curl -s localhost:8080/v1/feedback > feedback.jsonl
    """

  /// The format of the log.
  public enum LogFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// One readable line per event.
    case text
    /// One JSON object per line.
    case json
  }

  /// The runs to serve: `folder` or `name=folder`.
  @Argument(
    help: ArgumentHelp(
      "Folders of runs to serve, or NAME=FOLDER to choose a name.", valueName: "run"))
  public var runs: [String]

  /// Runs whose scores are averaged with those of the only run.
  @Option(
    name: .customLong("with"),
    help: ArgumentHelp(
      "Another run; labels are ranked by their mean score. Needs a single run to serve.",
      valueName: "run"))
  public var others: [String] = []

  /// The multiple of a label's log prior to subtract.
  @Option(help: "Subtract this multiple of a label's log prior from its score.")
  public var logitAdjustment = 0.0

  /// The number of dimensions to use; nil for all.
  @Option(
    help: """
      Use only the first of the run's dimensions, this many; best for a run that was trained with \
      --nested (default: all).
      """)
  public var dimensions: Int?

  /// The address to listen at.
  @Option(help: "The address to listen at; other machines cannot reach a loopback address.")
  public var host = "127.0.0.1"

  /// Additional host names to answer to.
  @Option(
    help: ArgumentHelp(
      "An additional host name to answer to, without a port; may be repeated.",
      valueName: "name"))
  public var allowedHost: [String] = []

  /// The port to listen at.
  @Option(help: "The port; 0 picks a free one and prints it.")
  public var port = 8080

  /// The file for added labels and feedback, or a folder for one of each run.
  @Option(
    help: ArgumentHelp(
      """
      The file for added labels and feedback, or an existing folder, in which each run has the file \
      NAME.sqlite (default: service.sqlite in the run's folder).
      """,
      valueName: "path"))
  public var store: String?

  /// The data sets to search for similar documents: `data` or `name=data`.
  @Option(
    help: ArgumentHelp(
      """
      A data set to search for similar documents, or NAME=DATA for one of several runs; may be \
      repeated.
      """, valueName: "data"))
  public var documents: [String] = []

  /// The file of the bearer token.
  @Option(
    help: ArgumentHelp(
      "A file whose first line is the bearer token of requests; or set DECANT_TOKEN.",
      valueName: "file"))
  public var tokenFile: String?

  /// The rate limit.
  @Option(help: "The average number of requests per second from one address (default: no limit).")
  public var rateLimit: Double?

  /// The maximum size of a body in KiB.
  @Option(help: "The maximum size of a request body, in KiB.")
  public var maximumBody = 1024

  /// The maximum number of added labels.
  @Option(help: "The maximum number of added labels of a run.")
  public var maximumAddedLabels = 10_000

  /// The maximum length of a label's text.
  @Option(help: "The maximum length of an added label's text, in characters.")
  public var maximumLabelText = 4096

  /// The maximum length of a text with feedback.
  @Option(help: "The maximum length of a text with feedback, in characters.")
  public var maximumFeedbackText = 262_144

  /// The maximum size of a store in MiB.
  @Option(help: "The maximum size of a store, in MiB.")
  public var maximumStore = 1024

  /// The time for a request to arrive.
  @Option(help: "The number of seconds a request may take to arrive or a connection may stay idle.")
  public var timeout = 10

  /// The maximum number of texts per batch.
  @Option(help: "The maximum number of texts to rank together.")
  public var batch = 64

  /// The maximum number of waiting requests.
  @Option(help: "The maximum number of requests waiting for a run's model.")
  public var queue = 1024

  /// The number of threads of a model.
  @Option(help: "The number of threads for each run's model; one leaves the others to requests.")
  public var threads = 1

  /// The level of the log.
  @Option(help: "The log level: trace, debug (each request), info, warning or error.")
  public var logLevel = "info"

  /// The format of the log.
  @Option(help: "The log format on standard error: text or json.")
  public var logFormat = LogFormat.text

  /// Creates the defaults, for the parser.
  public init() {}

  /// Checks the values that need no look at files.
  ///
  /// - Throws: `ValidationError` naming the option.
  public func validate() throws {
    func require(_ isGood: Bool, _ message: String) throws {
      if !isGood { throw ValidationError(message) }
    }
    try require(0...65535 ~= port, "--port is \(port); it must be 0 to 65535.")
    for (name, value) in [
      ("--threads", threads), ("--batch", batch), ("--queue", queue), ("--timeout", timeout),
      ("--maximum-label-text", maximumLabelText), ("--maximum-feedback-text", maximumFeedbackText),
    ] {
      try require(value >= 1, "\(name) is \(value); it must be at least 1.")
    }
    try require(
      1...(1 << 20) ~= maximumBody, "--maximum-body is \(maximumBody); it must be 1 to 1048576.")
    try require(
      maximumAddedLabels >= 0,
      "--maximum-added-labels is \(maximumAddedLabels); it must be at least 0.")
    try require(
      1...(1 << 24) ~= maximumStore, "--maximum-store is \(maximumStore); it must be 1 to 16777216."
    )
    try require(
      rateLimit.map { $0 > 0 && $0.isFinite } ?? true, "--rate-limit must be greater than 0.")
    try require(logitAdjustment.isFinite, "--logit-adjustment must be finite.")
    try require(
      others.isEmpty || runs.count == 1,
      "--with averages one run with others; \(runs.count) runs to serve are given.")
    // The levels of swift-log, which this package does not depend on.
    let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    try require(
      levels.contains(logLevel),
      "--log-level is \"\(logLevel)\"; it must be trace, debug, info, notice, warning, error or "
        + "critical.")
  }
}

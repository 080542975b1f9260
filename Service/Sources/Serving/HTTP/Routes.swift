import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// The routes of the service.
struct Routes: Sendable {
  let settings: ServiceConfiguration
  let runs: ServedRuns
  let observation: Observation
  let readiness: Readiness

  typealias Handler = @Sendable (Request, ServiceContext) async throws -> Response
  /// A handler of requests to one run.
  typealias RunHandler = @Sendable (Request, ServiceContext, ServedRun) async throws -> Response

  /// A method of a path, with its handler.
  struct Endpoint: Sendable {
    var method: HTTPRequest.Method
    /// The query parameters that it knows; nil ignores all.
    var parameters: [String]?
    /// The form of its errors.
    var form = ErrorForm.decant
    var handler: Handler
  }

  /// A path with its endpoints.
  typealias Row = (path: String, endpoints: [Endpoint])

  /// All paths with their methods.
  var table: [Row] {
    var rows: [Row] = [
      ("/v1/runs", [get { _, _ in JSONResponse.make(RunList(runs: runs.all.map(\.description))) }]),
      ("/openapi.json", [get(nil, fixed(OpenAPI.document(settings)))]),
      ("/healthz", [get(nil) { _, _ in JSONResponse.make(Health(runs.states)) }]),
      ("/readyz", [get(nil, ready)]),
      ("/metrics", [get(nil, metrics)]),
      ("/", [get(nil, page), post(form: .textEmbeddingsInference, onRun(embed))]),
    ]
    for prefix in Self.prefixes {
      rows += ownRows(prefix.own)
      rows += inferenceRows(prefix.inference)
    }
    rows += openAIRows
    rows += annifRows
    return rows
  }

  /// The prefixes of the paths of one run: those of the first run, and those with a run's name.
  private static let prefixes = [
    (own: "/v1", inference: ""), (own: "/v1/runs/{run}", inference: "/v1/runs/{run}"),
  ]

  /// Decant's paths of one run.
  private func ownRows(_ prefix: String) -> [Row] {
    [
      ("\(prefix)/predict", [post(onRun(predict))]),
      ("\(prefix)/similar", [post(onRun(similar))]),
      (
        "\(prefix)/labels",
        [get(["limit", "offset", "query"], onRun(labels)), post(onRun(addLabel))]
      ),
      ("\(prefix)/labels/{id}", [get([], onRun(label)), delete(onRun(removeLabel))]),
      ("\(prefix)/feedback", [get([], onRun(feedback)), post(onRun(addFeedback))]),
      ("\(prefix)/model", [get([], onRun { JSONResponse.make($2.description) })]),
    ]
  }

  func get(
    _ parameters: [String]? = [], form: ErrorForm = .decant, _ handler: @escaping Handler
  ) -> Endpoint {
    Endpoint(method: .get, parameters: parameters, form: form, handler: handler)
  }

  func post(
    parameters: [String] = [], form: ErrorForm = .decant, _ handler: @escaping Handler
  ) -> Endpoint {
    Endpoint(method: .post, parameters: parameters, form: form, handler: handler)
  }

  func delete(_ handler: @escaping Handler) -> Endpoint {
    Endpoint(method: .delete, parameters: [], handler: handler)
  }

  /// Passes on the run of the path: the one that it names, or else the first.
  func onRun(_ handler: @escaping RunHandler) -> Handler {
    { [runs] request, context in
      guard let name = context.decoded("run") else {
        return try await handler(request, context, runs.first)
      }
      guard let run = runs[name] else {
        throw Refusal(
          .notFound, "no_such_run",
          "there is no run \"\(name.prefix(200))\"; the runs are \(runs.list)")
      }
      return try await handler(request, context, run)
    }
  }

  /// The host names that requests may use.
  var hosts: AllowedHosts {
    AllowedHosts(listeningAt: settings.host, allowing: settings.allowedHosts)
  }

  /// A router for all paths.
  func router() -> Router<ServiceContext> {
    let router = Router(context: ServiceContext.self, options: .autoGenerateHeadEndpoints)
    let table = table
    router.add(middleware: ObservationMiddleware(observation: observation))
    router.add(middleware: RefusalMiddleware(paths: table.map(KnownPath.init)))
    router.add(middleware: SameSiteMiddleware(hosts: hosts))
    if let rate = settings.requestsPerSecond {
      router.add(middleware: RateLimitMiddleware(limiter: RateLimiter(rate: rate)))
    }
    if let token = settings.token { router.add(middleware: TokenMiddleware(token: token)) }
    for (path, endpoints) in table {
      for endpoint in endpoints {
        router.on(RouterPath(path), method: endpoint.method) { request, context in
          try Self.check(request.uri, knows: endpoint.parameters)
          return try await endpoint.handler(request, context)
        }
      }
    }
    return router
  }

  /// - Throws: `Refusal` naming an unknown query parameter.
  private static func check(_ uri: URI, knows known: [String]?) throws {
    guard let known else { return }
    for (name, _) in uri.queryParameters where !known.contains(String(name)) {
      let expected =
        known.isEmpty
        ? "this path has none" : "the parameters are \(known.joined(separator: ", "))"
      throw Refusal.invalid(
        "there is no parameter \"\(name.prefix(80))\"; \(expected)", parameter: String(name))
    }
  }

  private func fixed(_ text: String) -> Handler {
    let bytes = ByteBuffer(string: text)
    return { _, _ in JSONResponse.make(bytes: bytes) }
  }

  private func page(_: Request, _: ServiceContext) -> Response {
    var response = JSONResponse.make(
      bytes: ByteBuffer(string: Page.html), type: "text/html; charset=utf-8")
    response.headers[.contentSecurityPolicy] =
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
      + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return response
  }

  /// Whether the service accepts requests now.
  var isReady: Bool {
    readiness.isReady
      && runs.all.allSatisfy { $0.thread.waiting < settings.queue.waiting }
  }

  private func ready(_: Request, _: ServiceContext) -> Response {
    let isReady = isReady
    return JSONResponse.make(
      ReadyState(status: isReady ? "ready" : "busy", runs: runs.states),
      isReady ? .ok : .serviceUnavailable)
  }

  private func metrics(_: Request, _: ServiceContext) -> Response {
    for run in runs.all { observation.recordWaiting(run.thread.waiting, for: run.name) }
    return JSONResponse.make(
      bytes: ByteBuffer(string: observation.text), type: "text/plain; version=0.0.4; charset=utf-8")
  }
}

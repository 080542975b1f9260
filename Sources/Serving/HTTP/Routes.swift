import CoreMetrics
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What answers requests.
struct Routes: Sendable {
  let settings: ServiceConfiguration
  let model: ModelDescription
  let thread: ModelThread
  let catalogue: LabelCatalogue
  let store: ServiceStore
  let observation: Observation
  let readiness: Readiness
  /// Labels are added one at a time.
  let additions = Turnstile()

  typealias Handler = @Sendable (Request, ServiceContext) async throws -> Response

  /// All paths with their methods.
  private var table: [(path: RouterPath, methods: [(HTTPRequest.Method, Handler)])] {
    [
      ("/v1/predict", [(.post, predict)]),
      ("/v1/similar", [(.post, similar)]),
      ("/v1/labels", [(.get, labels), (.post, addLabel)]),
      ("/v1/labels/{id}", [(.get, label)]),
      ("/v1/feedback", [(.get, feedback), (.post, addFeedback)]),
      ("/v1/model", [(.get, { _, _ in JSONResponse.make(model) })]),
      ("/openapi.json", [(.get, fixed(OpenAPI.document, "application/json; charset=utf-8"))]),
      ("/healthz", [(.get, { _, _ in JSONResponse.make(["status": "ok"]) })]),
      ("/readyz", [(.get, ready)]),
      ("/metrics", [(.get, metrics)]),
      ("/", [(.get, page)]),
    ]
  }

  /// A router of all paths.
  func router() -> Router<ServiceContext> {
    let router = Router(context: ServiceContext.self)
    router.add(middleware: ObservationMiddleware(observation: observation))
    router.add(
      middleware: RefusalMiddleware(
        methods: table.map { ("\($0.path)", $0.methods.map(\.0.rawValue).sorted()) }))
    if let rate = settings.requestsPerSecond {
      router.add(middleware: RateLimitMiddleware(limiter: RateLimiter(rate: rate)))
    }
    if let token = settings.token { router.add(middleware: TokenMiddleware(token: token)) }
    for (path, own) in table {
      for (method, handler) in own { router.on(path, method: method, use: handler) }
    }
    return router
  }

  private func fixed(_ text: String, _ type: String) -> Handler {
    let bytes = ByteBuffer(string: text)
    return { _, _ in JSONResponse.make(bytes: bytes, type: type) }
  }

  private func page(_: Request, _: ServiceContext) -> Response {
    var response = JSONResponse.make(
      bytes: ByteBuffer(string: Page.html), type: "text/html; charset=utf-8")
    response.headers[.contentSecurityPolicy] =
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
      + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return response
  }

  private func ready(_: Request, _: ServiceContext) -> Response {
    let isReady = readiness.isReady && thread.waiting < settings.queue.waiting
    return JSONResponse.make(
      ["status": isReady ? "ready" : "busy"], isReady ? .ok : .serviceUnavailable)
  }

  private func metrics(_: Request, _: ServiceContext) -> Response {
    observation.waiting.record(thread.waiting)
    return JSONResponse.make(
      bytes: ByteBuffer(string: observation.registry.text()),
      type: "text/plain; version=0.0.4; charset=utf-8")
  }
}

import CoreMetrics
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// The routes of the service.
struct Routes: Sendable {
  let settings: ServiceConfiguration
  let model: CurrentModel
  let thread: ModelThread
  let catalogue: LabelCatalogue
  let store: ServiceStore
  let observation: Observation
  let readiness: Readiness
  /// Labels are added one at a time.
  let additions = Turnstile()

  typealias Handler = @Sendable (Request, ServiceContext) async throws -> Response

  /// A method of a path, with its handler.
  private struct Endpoint {
    var method: HTTPRequest.Method
    /// The query parameters that it knows; nil ignores all.
    var parameters: [String]? = []
    var handler: Handler

    static func get(_ parameters: [String]? = [], _ handler: @escaping Handler) -> Endpoint {
      Endpoint(method: .get, parameters: parameters, handler: handler)
    }

    static func post(_ handler: @escaping Handler) -> Endpoint {
      Endpoint(method: .post, handler: handler)
    }
  }

  /// All paths with their methods.
  private var table: [(path: RouterPath, endpoints: [Endpoint])] {
    let json = "application/json; charset=utf-8"
    return [
      ("/v1/predict", [.post(predict)]),
      ("/v1/similar", [.post(similar)]),
      ("/v1/labels", [.get(["limit", "offset", "query"], labels), .post(addLabel)]),
      ("/v1/labels/{id}", [.get([], label)]),
      ("/v1/feedback", [.get([], feedback), .post(addFeedback)]),
      ("/v1/model", [.get([], describe)]),
      ("/openapi.json", [.get(nil, fixed(OpenAPI.document(settings), json))]),
      ("/healthz", [.get(nil, { _, _ in JSONResponse.make(Health(run: model.run)) })]),
      ("/readyz", [.get(nil, ready)]),
      ("/metrics", [.get(nil, metrics)]),
      ("/", [.get(nil, page)]),
    ]
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
    router.add(
      middleware: RefusalMiddleware(
        methods: table.map { path, endpoints in
          let methods = endpoints.map(\.method.rawValue)
          return ("\(path)", methods.sorted() + (methods.contains("GET") ? ["HEAD"] : []))
        }))
    router.add(middleware: SameSiteMiddleware(hosts: hosts))
    if let rate = settings.requestsPerSecond {
      router.add(middleware: RateLimitMiddleware(limiter: RateLimiter(rate: rate)))
    }
    if let token = settings.token { router.add(middleware: TokenMiddleware(token: token)) }
    for (path, endpoints) in table {
      for endpoint in endpoints {
        router.on(path, method: endpoint.method) { request, context in
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
      throw Refusal.invalid("there is no parameter \"\(name.prefix(80))\"; \(expected)")
    }
  }

  private func describe(_: Request, _: ServiceContext) -> Response {
    var description = model.description
    description.labels = catalogue.count
    return JSONResponse.make(description)
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

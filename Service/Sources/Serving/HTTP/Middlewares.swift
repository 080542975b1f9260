import HTTPTypes
import Hummingbird
import Logging

/// Turns errors into responses; answers 405 to methods that a path does not support.
struct RefusalMiddleware: RouterMiddleware {
  let paths: [KnownPath]

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      var refusal = Refusal(error)
      let path = paths.first { $0.matches(request.uri.path) }
      if let error = error as? HTTPError, error.status == .notFound {
        refusal = path?.refusal(of: request.method) ?? Self.noSuchPath(request.uri.path)
      }
      if refusal.status == .internalServerError {
        context.logger.error("request failed", metadata: ["error": "\(error)"])
      }
      return (path?.form(of: request.method) ?? .decant).response(to: refusal)
    }
  }

  private static func noSuchPath(_ path: String) -> Refusal {
    Refusal(.notFound, "no_such_path", "there is no resource at \(path.prefix(200))")
  }
}

/// A path of the service, for responses to requests that no route answers.
struct KnownPath: Sendable {
  /// The parts between slashes; one in braces matches any text.
  private let parts: [Substring]
  private let endpoints: [(method: HTTPRequest.Method, form: ErrorForm)]

  init(_ row: Routes.Row) {
    parts = row.path.split(separator: "/")
    endpoints = row.endpoints.map { ($0.method, $0.form) }
  }

  /// Whether a request's path is this one.
  func matches(_ path: String) -> Bool {
    let given = path.split(separator: "/")
    return given.count == parts.count
      && zip(parts, given).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
  }

  /// The form of the errors of a method.
  func form(of method: HTTPRequest.Method) -> ErrorForm {
    let own = endpoints.first { $0.method == (method == .head ? .get : method) }
    return (own ?? endpoints[0]).form
  }

  /// The response to a method that the path does not support.
  func refusal(of method: HTTPRequest.Method) -> Refusal {
    let methods = endpoints.map(\.method.rawValue)
    let list = (methods.sorted() + (methods.contains("GET") ? ["HEAD"] : []))
      .joined(separator: ", ")
    return Refusal(
      .methodNotAllowed, "method_not_allowed",
      "\(method.rawValue) is not allowed here; expected \(list)", headers: [.allow: list])
  }
}

/// Requires the bearer token, except for the page, its description and the health checks.
struct TokenMiddleware: RouterMiddleware {
  let token: String

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    let isOpen =
      ["/healthz", "/readyz", "/health", "/openapi.json"].contains(request.uri.path)
      || request.uri.path == "/" && request.method != .post
    let given = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1)
    // The scheme is case-insensitive (RFC 9110, section 11.1).
    guard
      isOpen
        || given.count == 2 && given[0].lowercased() == "bearer"
          && Self.isSame(given[1].trimmingPrefix(while: { $0 == " " }), token)
    else {
      throw Refusal(
        .unauthorized, "unauthorized", "expected the header Authorization: Bearer and the token",
        headers: [.wwwAuthenticate: "Bearer"])
    }
    return try await next(request, context)
  }

  /// Compares in time that does not depend on how much of the token is right.
  private static func isSame(_ first: Substring, _ second: String) -> Bool {
    let (first, second) = (Array(first.utf8), Array(second.utf8))
    var difference = first.count ^ second.count
    for (index, byte) in second.enumerated() {
      difference |= Int(byte ^ (index < first.count ? first[index] : 0))
    }
    return difference == 0
  }
}

/// Rejects requests of addresses over the rate limit.
struct RateLimitMiddleware: RouterMiddleware {
  let limiter: RateLimiter

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    guard limiter.admits(context.client ?? "", at: .now) else {
      throw Refusal(
        .tooManyRequests, "too_many_requests", "more requests per second than allowed",
        headers: [.retryAfter: "1"])
    }
    return try await next(request, context)
  }
}

/// Counts, times and logs requests, and continues their traces.
struct ObservationMiddleware: RouterMiddleware {
  let observation: Observation

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    let begun = ContinuousClock.now
    let given = request.headers[values: .traceParent]
    let trace = TraceContext(continuing: given.count == 1 ? given[0] : nil)
    var context = context
    context.logger[metadataKey: "trace_id"] = "\(trace.traceID)"
    context.logger[metadataKey: "span_id"] = "\(trace.spanID)"
    if let parent = trace.parentID { context.logger[metadataKey: "parent_id"] = "\(parent)" }
    var response = try await next(request, context)
    response.headers[.traceParent] = trace.header
    let duration = begun.duration(to: .now)
    // The route's pattern, not the path: hostile paths must not create new counters.
    let route = context.endpointPath ?? "none"
    observation.count(
      route: route, method: request.method.rawValue, status: response.status.code,
      duration: duration)
    context.logger.debug(
      "request",
      metadata: [
        "method": "\(request.method.rawValue)", "route": "\(route)",
        "status": "\(response.status.code)", "milliseconds": "\(duration / .milliseconds(1))",
        "client": "\(context.client ?? "")",
      ])
    return response
  }
}

extension HTTPField.Name {
  fileprivate static let traceParent = Self("traceparent")!
}

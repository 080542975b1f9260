import HTTPTypes
import Hummingbird
import Logging
import Metrics

/// Turns errors into responses; answers 405 to methods that a path does not support.
struct RefusalMiddleware: RouterMiddleware {
  /// The methods of each path; the last component of a path may be a wildcard.
  let methods: [(path: String, methods: [String])]

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      var refusal = Refusal(error)
      if let error = error as? HTTPError, error.status == .notFound {
        refusal = notFound(request)
      }
      if refusal.status == .internalServerError {
        context.logger.error("request failed", metadata: ["error": "\(error)"])
      }
      return refusal.response
    }
  }
}

extension RefusalMiddleware {
  /// The response to a request without a route.
  private func notFound(_ request: Request) -> Refusal {
    let path = request.uri.path
    let allowed = methods.first { own, _ in
      guard own.hasSuffix("}"), let end = own.lastIndex(of: "/") else { return own == path }
      let prefix = own[...end]
      return path.hasPrefix(prefix) && !path.dropFirst(prefix.count).contains("/")
    }
    guard let allowed else {
      return Refusal(.notFound, "no_such_path", "there is no resource at \(path.prefix(200))")
    }
    let list = allowed.methods.joined(separator: ", ")
    return Refusal(
      .methodNotAllowed, "method_not_allowed",
      "\(request.method.rawValue) is not allowed here; expected \(list)", headers: [.allow: list])
  }
}

/// Requires the bearer token, except for the page, its description and the health checks.
struct TokenMiddleware: RouterMiddleware {
  let token: String

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    let isOpen = ["/", "/healthz", "/readyz", "/openapi.json"].contains(request.uri.path)
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

/// Counts, times and logs requests.
struct ObservationMiddleware: RouterMiddleware {
  let observation: Observation

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    let begun = ContinuousClock.now
    let response = try await next(request, context)
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

import HTTPTypes
import Hummingbird

/// Rejects requests for other host names and requests from pages of other sites.
struct SameSiteMiddleware: RouterMiddleware {
  let hosts: AllowedHosts

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    // Of several Host headers the first becomes the authority; the others stay among the fields.
    guard let text = request.head.authority, request.headers[values: .host].isEmpty,
      let host = Authority(text)
    else {
      throw Refusal(
        .badRequest, "bad_host", "expected one Host header with a name and an optional port",
        headers: [.connection: "close"])
    }
    guard hosts.contains(host.host) else {
      throw Refusal(
        .misdirectedRequest, "unknown_host",
        "this service does not answer to the name \"\(host.host.prefix(200))\"; start it with "
          + "--allowed-host \(host.host.prefix(200)) if it should")
    }
    let origins = request.headers[values: .origin]
    if let foreign = origins.first(where: { !host.isSame(asOrigin: $0) }) {
      throw Refusal(
        .forbidden, "foreign_origin",
        "pages of \"\(foreign.prefix(200))\" may not use this service; only its own may")
    }
    guard request.headers[.fetchSite] != "cross-site" || isLink(request) else {
      throw Refusal(
        .forbidden, "foreign_origin", "pages of other sites may not use this service")
    }
    return try await next(request, context)
  }

  /// Whether the request follows a link to the page itself, whose response no script reads.
  private func isLink(_ request: Request) -> Bool {
    request.method == .get && ["/", "/openapi.json"].contains(request.uri.path)
      && request.headers[.fetchMode] == "navigate"
  }
}

extension HTTPField.Name {
  fileprivate static let host = Self("Host")!
  fileprivate static let fetchSite = Self("Sec-Fetch-Site")!
  fileprivate static let fetchMode = Self("Sec-Fetch-Mode")!
}

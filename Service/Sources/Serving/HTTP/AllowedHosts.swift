/// The host names that a service answers to, so that no web page can reach it through a visitor's
/// browser.
///
/// A page whose domain resolves to a loopback address (DNS rebinding) could read and write a local
/// service as if it were its own server. Its requests still carry its domain in `Host`, and pages
/// of other sites carry theirs in `Origin`.
struct AllowedHosts: Sendable {
  /// In lower case; nil allows any.
  private let names: Set<String>?

  /// Creates the names of a service.
  ///
  /// - Parameters:
  ///   - address: the address it listens at.
  ///   - more: names allowed in addition to the loopback ones. If empty, a service on another
  ///     address than a loopback one answers to every name.
  ///     elsewhere than on a loopback address answers to every name.
  init(listeningAt address: String, allowing more: [String]) {
    guard Self.isLoopback(address) || !more.isEmpty else {
      names = nil
      return
    }
    names = Set((["localhost", "127.0.0.1", "::1", address] + more).map { $0.lowercased() })
  }

  /// Whether any name is allowed.
  var isOpen: Bool { names == nil }

  /// Whether only this machine can reach the address.
  static func isLoopback(_ address: String) -> Bool {
    address.lowercased() == "localhost" || address == "::1"
      || (address.hasPrefix("127.") && address.split(separator: ".").count == 4)
  }

  /// Whether the service answers to the name.
  func contains(_ name: String) -> Bool { names?.contains(name) ?? true }
}

/// A host and a port, as in `Host` and `Origin`.
struct Authority: Hashable {
  /// In lower case, without the brackets of an IPv6 address.
  var host: String
  /// Nil means the scheme's default.
  var port: Int?

  /// Parses `name`, `name:port`, `[address]` or `[address]:port`; nil for anything else.
  init?(_ text: String) {
    let host: Substring
    let rest: Substring
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      host = text[text.index(after: text.startIndex)..<end]
      rest = text[text.index(after: end)...]
    } else {
      let end = text.firstIndex(of: ":") ?? text.endIndex
      host = text[..<end]
      rest = text[end...]
    }
    let isName = host.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
        || ".-_:".unicodeScalars.contains($0)
    }
    guard !host.isEmpty, isName else { return nil }
    self.host = host.lowercased()
    let digits = rest.dropFirst()
    // The digits after the colon are optional.
    guard !digits.isEmpty else {
      if rest.isEmpty || rest == ":" { return }
      return nil
    }
    guard rest.first == ":", digits.allSatisfy(\.isWholeNumber), let port = Int(digits),
      0...65535 ~= port
    else { return nil }
    self.port = port
  }

  /// Whether this `Host` is the server of a page of `origin`.
  func isSame(asOrigin origin: String) -> Bool {
    for (scheme, usual) in [("http://", 80), ("https://", 443)] where origin.hasPrefix(scheme) {
      guard let other = Authority(String(origin.dropFirst(scheme.count))) else { return false }
      return host == other.host && (port ?? usual) == (other.port ?? usual)
    }
    return false
  }
}

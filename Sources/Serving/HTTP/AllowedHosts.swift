/// Which names a service answers to, so that no web page can reach it through a visitor's browser.
///
/// A page whose domain name is made to resolve to a loopback address (DNS rebinding) may read and
/// write a service there as its own server. Its requests still name its domain in `Host`, and
/// pages of other sites name theirs in `Origin`.
struct AllowedHosts: Sendable {
  /// In lower case; nil allows any.
  private let names: Set<String>?

  /// The names of a service.
  ///
  /// - Parameters:
  ///   - address: where it listens.
  ///   - more: names that are allowed beside the loopback ones. Without any, a service that listens
  ///     elsewhere than on a loopback address answers to every name.
  init(listeningAt address: String, allowing more: [String]) {
    guard Self.isLoopback(address) || !more.isEmpty else {
      names = nil
      return
    }
    names = Set((["localhost", "127.0.0.1", "::1", address] + more).map { $0.lowercased() })
  }

  /// Whether any name will do.
  var isOpen: Bool { names == nil }

  /// Whether only this machine reaches the address.
  static func isLoopback(_ address: String) -> Bool {
    address.lowercased() == "localhost" || address == "::1"
      || (address.hasPrefix("127.") && address.split(separator: ".").count == 4)
  }

  /// Whether a service answers to the name.
  func contains(_ name: String) -> Bool { names?.contains(name) ?? true }
}

/// A host and a port, as `Host` and `Origin` have them.
struct Authority: Hashable {
  /// In lower case, without the brackets of an IPv6 address.
  var host: String
  /// Nil where it is the scheme's.
  var port: Int?

  /// Takes `name`, `name:port`, `[address]` or `[address]:port` apart; nil for anything else.
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
    // A port may be left out behind its colon.
    guard !digits.isEmpty else {
      if rest.isEmpty || rest == ":" { return }
      return nil
    }
    guard rest.first == ":", digits.allSatisfy(\.isWholeNumber), let port = Int(digits),
      0...65535 ~= port
    else { return nil }
    self.port = port
  }

  /// Whether this, a `Host`, is where a page of `origin` comes from.
  func isSame(asOrigin origin: String) -> Bool {
    for (scheme, usual) in [("http://", 80), ("https://", 443)] where origin.hasPrefix(scheme) {
      guard let other = Authority(String(origin.dropFirst(scheme.count))) else { return false }
      return host == other.host && (port ?? usual) == (other.port ?? usual)
    }
    return false
  }
}

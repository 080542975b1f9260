import Foundation

/// This machine's address for other machines.
enum OwnAddress {
  /// The address by which this machine reaches a host, which the host can answer to.
  ///
  /// On the host itself that may be the loopback, which its name often stands for; the first other
  /// address is used then, unless the loopback was asked for.
  static func reachable(from host: String) -> String {
    let own = towards(host) ?? "127.0.0.1"
    let isLocal = host == "localhost" || host == "::1" || host.hasPrefix("127.")
    return !isLocal && own.hasPrefix("127.") ? firstOther() ?? own : own
  }

  /// The address of this end of a connection; a datagram socket makes one without sending anything.
  private static func towards(_ host: String) -> String? {
    var hints = addrinfo()
    hints.ai_family = AF_INET
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "9", &hints, &list) == 0, let address = list?.pointee else {
      return nil
    }
    defer { freeaddrinfo(list) }
    let end = socket(address.ai_family, address.ai_socktype, 0)
    defer { close(end) }
    var own = sockaddr()
    var length = socklen_t(MemoryLayout<sockaddr>.size)
    guard connect(end, address.ai_addr, address.ai_addrlen) == 0,
      getsockname(end, &own, &length) == 0
    else { return nil }
    return name(&own)
  }

  private static func firstOther() -> String? {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return nil }
    defer { freeifaddrs(list) }
    var next = list
    while let entry = next?.pointee {
      if let address = entry.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET),
        let name = name(address), !name.hasPrefix("127.")
      {
        return name
      }
      next = entry.ifa_next
    }
    return nil
  }

  private static func name(_ address: UnsafePointer<sockaddr>) -> String? {
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let length = socklen_t(MemoryLayout<sockaddr>.size)
    guard
      getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
    else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

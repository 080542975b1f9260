import Foundation
import TestSupport
import Testing

@testable import Serving

/// Access checks by `Host` and `Origin`.
@Suite(.serialized) struct AllowedHostsTests {
  private static let shared = Result { try SmallModel() }

  @Test func `loopback services accept only loopback names`() {
    let hosts = AllowedHosts(listeningAt: "127.0.0.1", allowing: ["Tags.example"])
    #expect(!hosts.isOpen)
    for name in ["localhost", "127.0.0.1", "::1", "tags.example"] {
      #expect(hosts.contains(name), "\(name)")
    }
    for name in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", ""]
    {
      #expect(!hosts.contains(name), "\(name)")
    }
  }

  @Test func `other services accept only configured names`() {
    #expect(AllowedHosts(listeningAt: "0.0.0.0", allowing: []).isOpen)
    #expect(AllowedHosts(listeningAt: "127.evil.example", allowing: []).isOpen)
    let hosts = AllowedHosts(listeningAt: "0.0.0.0", allowing: ["tags.example"])
    #expect(hosts.contains("tags.example") && hosts.contains("localhost"))
    #expect(!hosts.contains("evil.example"))
  }

  @Test func `parses host and port`() {
    #expect(Authority("LocalHost") == Authority("localhost"))
    #expect(Authority("a:80")?.port == 80 && Authority("a:")?.port == nil)
    #expect(Authority("[::1]:8080")?.host == "::1" && Authority("[::1]")?.host == "::1")
    for text in ["", ":80", "a:b", "a:99999", "u@a", "a b", "a/b", "[::1", "[::1]x", "a:1:2", "é"] {
      #expect(Authority(text) == nil, "\(text)")
    }
    for (host, origin, isSame) in [
      ("localhost:8080", "http://localhost:8080", true), ("a", "http://a:80", true),
      ("a", "https://a", true), ("a:443", "https://a", true), ("[::1]:1", "http://[::1]:1", true),
      ("localhost:8080", "http://localhost:3000", false), ("localhost", "null", false),
      ("a", "http://b", false), ("a", "ftp://a", false), ("a", "http://a/", false),
      ("a", "", false),
    ] {
      #expect(Authority(host)?.isSame(asOrigin: origin) == isSame, "\(host) \(origin)")
    }
  }

  /// The reproduction of a rebinding page, for reading, writing and every kind of path.
  @Test func `rejects other host names`() async throws {
    try await withService(Self.shared.get(), { $0.allowedHosts = ["tags.example"] }) { service in
      for (host, status) in [
        ("localhost:\(service.port)", 200), ("127.0.0.1:\(service.port)", 200), ("[::1]", 200),
        ("LOCALHOST", 200), ("tags.example:443", 200), ("evil.example:\(service.port)", 421),
        ("localhost.evil.example", 421), ("169.254.169.254", 421), ("evil@localhost", 400),
        ("localhost:x", 400),
      ] {
        for path in ["/v1/model", "/v1/feedback", "/healthz", "/metrics", "/"] {
          let answer = try await service.ask("GET", path, headers: ["Host": host])
          #expect(answer.status == status, "\(host) \(path): \(answer)")
        }
        let posted = try await service.ask(
          "POST", "/v1/feedback", #"{"text": "alpha", "accepted": ["label1"]}"#,
          headers: ["Host": host])
        #expect(posted.status == (status == 200 ? 201 : status), "\(host): \(posted)")
      }
      let refused = try await service.ask("GET", "/", headers: ["Host": "evil.example"])
      #expect(refused.code == "unknown_host" && refused.message.contains("evil.example"))
    }
  }

  @Test func `rejects cross-site requests`() async throws {
    try await withService(Self.shared.get()) { service in
      for (headers, status) in [
        (["Origin": "http://localhost:\(service.port)"], 200), (["Sec-Fetch-Site": "none"], 200),
        (["Sec-Fetch-Site": "same-origin"], 200), (["Origin": "http://evil.example"], 403),
        (["Origin": "null"], 403), (["Origin": "http://localhost:1"], 403),
        (["Sec-Fetch-Site": "cross-site"], 403),
        (["Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"], 403),
      ] {
        let headers = headers.merging(["Host": "localhost:\(service.port)"]) { own, _ in own }
        for path in ["/v1/feedback", "/v1/labels", "/v1/model", "/metrics"] {
          let answer = try await service.ask("GET", path, headers: headers)
          #expect(answer.status == status, "\(headers) \(path): \(answer)")
        }
        let posted = try await service.ask(
          "POST", "/v1/feedback", #"{"text": "alpha", "accepted": ["label1"]}"#, headers: headers)
        #expect(posted.status == (status == 200 ? 201 : status), "\(headers): \(posted)")
      }
      // A user follows a link.
      let link = ["Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"]
      #expect(try await service.ask("GET", "/", headers: link).status == 200)
    }
  }

  @Test func `requires exactly one Host header`() async throws {
    try await withService(Self.shared.get()) { service in
      for head in [
        "GET /healthz HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\nHost:\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
        "GET /healthz HTTP/1.0\r\nHost: localhost\r\nhost: evil.example\r\n",
      ] {
        let answer = LoopbackClient.Answer(
          try await service.exchange(head + "Connection: close\r\n\r\n"))
        #expect(answer.status == 400 && answer.code == "bad_host", "\(head): \(answer)")
      }
    }
  }
}

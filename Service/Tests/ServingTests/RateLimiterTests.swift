import Testing

@testable import Serving

/// A bucket of tokens for each client.
@Suite struct RateLimiterTests {
  @Test func `allows a burst of two seconds, then the rate`() {
    let limiter = RateLimiter(rate: 5)
    let start = ContinuousClock.now
    let admitted = (0..<30).filter { _ in limiter.admits("a", at: start) }
    #expect(admitted.count == 10)
    #expect(limiter.admits("b", at: start))
    #expect(!limiter.admits("a", at: start + .milliseconds(190)))
    // One fifth of a second for each token, counted from the start.
    #expect(limiter.admits("a", at: start + .milliseconds(210)))
    #expect(!limiter.admits("a", at: start + .milliseconds(220)))
    let later = (0..<30).filter { _ in limiter.admits("a", at: start + .seconds(60)) }
    #expect(later.count == 10)
  }

  @Test func `bounds memory`() {
    let limiter = RateLimiter(rate: 1)
    let start = ContinuousClock.now
    for client in 0..<30_000 { _ = limiter.admits(String(client), at: start) }
    #expect(limiter.clientCount <= 10_000)
  }
}

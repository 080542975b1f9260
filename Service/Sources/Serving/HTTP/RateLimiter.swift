import Synchronization

/// A token bucket per client: `rate` new tokens per second, at most twice as many in stock.
final class RateLimiter: Sendable {
  private struct Bucket {
    var tokens: Double
    var filled: ContinuousClock.Instant
  }

  private let rate: Double
  private let buckets = Mutex<[String: Bucket]>([:])
  /// The maximum number of clients to remember; those with full buckets are removed first.
  private static let most = 10_000

  init(rate: Double) { self.rate = rate }

  /// The number of remembered clients.
  var clientCount: Int { buckets.withLock { $0.count } }

  private var size: Double { max(1, 2 * rate) }

  /// Whether a request of `client` may proceed; takes a token if so.
  func admits(_ client: String, at now: ContinuousClock.Instant) -> Bool {
    buckets.withLock { buckets in
      if buckets.count >= Self.most, buckets[client] == nil {
        buckets = buckets.filter { tokens($0.value, at: now) < size }
        if buckets.count >= Self.most { buckets.removeAll() }
      }
      var bucket = buckets[client] ?? Bucket(tokens: size, filled: now)
      bucket.tokens = tokens(bucket, at: now)
      bucket.filled = now
      let isAdmitted = bucket.tokens >= 1
      if isAdmitted { bucket.tokens -= 1 }
      buckets[client] = bucket
      return isAdmitted
    }
  }

  private func tokens(_ bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
    min(size, bucket.tokens + rate * (bucket.filled.duration(to: now) / .seconds(1)))
  }
}

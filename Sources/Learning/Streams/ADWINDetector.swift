import Foundation

/// Detects when the mean of a stream of numbers has changed, and keeps the numbers since the
/// change.
///
/// The window grows while its mean is constant, and drops its oldest part once two adjacent parts
/// differ by more than chance allows. It is stored as buckets of 1, 2, 4, … numbers, a few of each
/// size, so that memory and time are logarithmic in its length. With n₀ and n₁ numbers before and
/// after a cut, s the minimum length of a part, σ² the variance of the window and W its length:
///
///     1/m = 1 / (n₀ − s + 1) + 1 / (n₁ − s + 1)
///     δ′  = ln(2 ln W / δ)
///     ε   = √(2 σ² δ′ / m) + 2 δ′ / (3 m)          a cut: |μ₀ − μ₁| > ε
///
/// - Paper: Bifet, Gavaldà. Learning from Time-Changing Data with Adaptive Windowing. SDM 2007,
///   theorem 3.2 and section 4. <https://doi.org/10.1137/1.9781611972771.42>
/// - Gradient: none; it only counts.
/// - Units: those of the numbers; δ is the probability of a false alarm at one cut.
/// - Departures: s shortens the parts in the bound, and checks run every `clock` numbers, both as
///   in common implementations. River's wrapper drops the whole window one number after an alarm;
///   here, as in the paper, the part after the cut is kept.
/// - Degenerate: below `gracePeriod` numbers there is no check; a constant stream has no cut.
public struct ADWINDetector: Codable, Hashable, Sendable {
  /// The hyperparameters, with the defaults of river's implementation.
  public struct Configuration: Codable, Hashable, Sendable {
    /// δ, in 0 … 1: smaller values react later and more reliably.
    public var confidence: Double
    /// The number of values between checks, at least 1.
    public var clock: Int
    /// The maximum number of buckets of one size before two are merged, at least 2.
    public var bucketLimit: Int
    /// s, at least 1: the minimum length of a part.
    public var minimumLength: Int
    /// The number of values before the first check.
    public var gracePeriod: Int

    /// Creates a configuration.
    public init(
      confidence: Double = 0.002, clock: Int = 32, bucketLimit: Int = 5, minimumLength: Int = 5,
      gracePeriod: Int = 10
    ) {
      self.confidence = confidence
      self.clock = clock
      self.bucketLimit = bucketLimit
      self.minimumLength = minimumLength
      self.gracePeriod = gracePeriod
    }
  }

  private struct Bucket: Codable, Hashable, Sendable {
    var total: Double
    /// The sum of squared deviations from the bucket's mean.
    var squares: Double
  }

  /// The hyperparameters.
  public let configuration: Configuration
  /// The number of values in the window.
  public private(set) var width = 0
  /// Their sum.
  public private(set) var total = 0.0
  /// The number of alarms so far.
  public private(set) var detections = 0
  private var squares = 0.0
  private var ticks = 0
  /// Buckets of 2ⁱ values, oldest first.
  private var rows: [[Bucket]] = [[]]

  /// Creates an empty window.
  ///
  /// - Precondition: the configuration is in range.
  public init(_ configuration: Configuration = Configuration()) {
    precondition(
      configuration.confidence > 0 && configuration.confidence < 1 && configuration.clock > 0
        && configuration.bucketLimit > 1 && configuration.minimumLength > 0,
      "the configuration is out of range: \(configuration)")
    self.configuration = configuration
  }

  /// The mean of the window; 0 if it is empty.
  public var mean: Double { width > 0 ? total / Double(width) : 0 }
  /// The variance of the window; 0 if it is empty.
  public var variance: Double { width > 0 ? squares / Double(width) : 0 }

  /// Adds a number.
  ///
  /// - Returns: whether the window dropped its oldest part because the mean changed.
  /// - Precondition: `value` is finite.
  /// - Complexity: O(log `width`) memory; amortised O(1) time, O(log² `width`) at a check.
  @discardableResult
  public mutating func add(_ value: Double) -> Bool {
    precondition(value.isFinite, "\(value) cannot be averaged")
    width += 1
    if width > 1 {
      let before = Double(width - 1)
      let difference = value - total / before
      squares += before * difference * difference / Double(width)
    }
    total += value
    rows[0].append(Bucket(total: value, squares: 0))
    compress()
    ticks += 1
    guard ticks % configuration.clock == 0, width > configuration.gracePeriod else { return false }
    var hasChanged = false
    while findsCut() {
      hasChanged = true
      dropOldest()
    }
    if hasChanged { detections += 1 }
    return hasChanged
  }

  private mutating func compress() {
    var row = 0
    while rows[row].count > configuration.bucketLimit {
      let first = rows[row].removeFirst()
      let second = rows[row].removeFirst()
      let size = Double(1 << row)
      let difference = (first.total - second.total) / size
      if row + 1 == rows.count { rows.append([]) }
      rows[row + 1].append(
        Bucket(
          total: first.total + second.total,
          squares: first.squares + second.squares + size * difference * difference / 2))
      row += 1
    }
  }

  private mutating func dropOldest() {
    while rows.count > 1, rows[rows.count - 1].isEmpty { rows.removeLast() }
    let row = rows.count - 1
    guard let bucket = rows[row].first else { return }
    rows[row].removeFirst()
    let size = 1 << row
    width -= size
    total -= bucket.total
    guard width > 0 else {
      squares = 0
      return
    }
    let difference = bucket.total / Double(size) - total / Double(width)
    let between = Double(size) * Double(width) * difference * difference / Double(size + width)
    squares = max(0, squares - bucket.squares - between)
    while rows.count > 1, rows[rows.count - 1].isEmpty { rows.removeLast() }
  }

  private func findsCut() -> Bool {
    var older = 0
    var olderTotal = 0.0
    for row in rows.indices.reversed() {
      for bucket in rows[row] {
        older += 1 << row
        olderTotal += bucket.total
        let newer = width - older
        guard older >= configuration.minimumLength else { continue }
        guard newer >= configuration.minimumLength else { return false }
        let difference = olderTotal / Double(older) - (total - olderTotal) / Double(newer)
        if abs(difference) > bound(older, newer) { return true }
      }
    }
    return false
  }

  private func bound(_ older: Int, _ newer: Int) -> Double {
    let shortening = configuration.minimumLength - 1
    let reciprocal = 1 / Double(older - shortening) + 1 / Double(newer - shortening)
    let logarithm = log(2 * log(Double(width)) / configuration.confidence)
    return (2 * variance * logarithm * reciprocal).squareRoot() + 2 / 3 * logarithm * reciprocal
  }
}

/// The distribution of a list of integers.
public struct ValueSummary: Codable, Hashable, Sendable {
  /// The number of values.
  public var count: Int
  /// Their mean; 0 if there are none.
  public var mean: Double
  /// The smallest.
  public var minimum: Int
  /// The median; of two middle values, the lower.
  public var median: Int
  /// The 90th percentile: the smallest value that at least nine in ten do not exceed.
  public var ninetieth: Int
  /// The largest.
  public var maximum: Int

  /// Summarises `values`; all results are 0 if there are none.
  public init(_ values: [Int]) {
    let sorted = values.sorted()
    count = sorted.count
    mean = sorted.isEmpty ? 0 : Double(sorted.reduce(0, +)) / Double(sorted.count)
    func place(_ share: Int) -> Int {
      // ⌈count · share / 100⌉, from 1.
      sorted.isEmpty ? 0 : sorted[max(0, (sorted.count * share + 99) / 100 - 1)]
    }
    minimum = sorted.first ?? 0
    median = place(50)
    ninetieth = place(90)
    maximum = sorted.last ?? 0
  }
}

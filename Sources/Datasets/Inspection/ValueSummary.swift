/// How whole numbers are spread.
public struct ValueSummary: Codable, Hashable, Sendable {
  /// How many numbers there are.
  public var count: Int
  /// Their mean; 0 without any.
  public var mean: Double
  /// The smallest.
  public var minimum: Int
  /// The middle one, the lower of two.
  public var median: Int
  /// The smallest number that at least nine of ten do not exceed.
  public var ninetieth: Int
  /// The largest.
  public var maximum: Int

  /// Counts `values`; all results are 0 without any.
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

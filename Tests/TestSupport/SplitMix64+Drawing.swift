public import Storage

extension SplitMix64 {
  /// `count` numbers drawn uniformly from `range`.
  public mutating func doubles(_ count: Int, in range: ClosedRange<Double> = -1...1) -> [Double] {
    (0..<count).map { _ in Double.random(in: range, using: &self) }
  }

  /// An integer drawn from `0 ..< bound`.
  public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

  /// A matrix of numbers drawn evenly from −1 … 1.
  public mutating func rows(_ count: Int, _ width: Int) -> [[Double]] {
    (0..<count).map { _ in doubles(width) }
  }
}

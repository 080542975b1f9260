internal import Storage

// Weak labels are right, but say less than a class.
extension LabelCorruption {
  /// A complementary label of each example: a class that it does not have, any other alike.
  ///
  /// - Precondition: two classes or more; classes are in 0 ..< `count`.
  public func complementary(_ classes: [Int], classCount count: Int) -> [Int] {
    check(classes, count)
    return classes.enumerated().map { index, own in
      var random = SplitMix64(seed, 2, UInt64(index))
      let other = Int.random(in: 0..<(count - 1), using: &random)
      return other < own ? other : other + 1
    }
  }

  /// A partial label of each example: its class, and every other one with probability `rate`,
  /// ascending.
  ///
  /// - Precondition: classes are in 0 ..< `count`; 0 ≤ rate ≤ 1.
  public func candidates(_ classes: [Int], classCount count: Int, rate: Double) -> [[Int]] {
    check(classes, count)
    precondition((0...1).contains(rate), "the rate \(rate) is outside 0 … 1")
    return classes.enumerated().map { index, own in
      var random = SplitMix64(seed, 3, UInt64(index))
      return (0..<count).filter { other in
        let isDrawn = Double.random(in: 0..<1, using: &random) < rate
        return other == own || isDrawn
      }
    }
  }

  /// Bags of `size` examples, at random; the last one may be smaller.
  ///
  /// - Precondition: the size is positive.
  public func bags(of examples: [Int], size: Int) -> [[Int]] {
    precondition(size > 0, "bags of \(size) examples")
    var random = SplitMix64(seed, 4)
    let order = examples.shuffled(using: &random)
    return stride(from: 0, to: order.count, by: size).map {
      Array(order[$0..<min($0 + size, order.count)])
    }
  }

  /// The share of each class in each bag.
  ///
  /// - Precondition: classes are in 0 ..< `count`; bags are not empty.
  public static func proportions(
    of bags: [[Int]], classes: [Int], classCount count: Int
  ) -> [[Double]] {
    bags.map { bag in
      precondition(!bag.isEmpty, "a bag without examples")
      var result = [Double](repeating: 0, count: count)
      for index in bag { result[classes[index]] += 1 / Double(bag.count) }
      return result
    }
  }

  private func check(_ classes: [Int], _ count: Int) {
    precondition(count > 1, "\(count) classes; expected 2 or more")
    if let outside = classes.first(where: { $0 < 0 || $0 >= count }) {
      preconditionFailure("class \(outside) is outside 0 ..< \(count)")
    }
  }
}

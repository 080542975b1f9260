import Storage

extension Split {
  /// The largest allowed weight of a label: its square must be far below the largest 32-bit number,
  /// as optimisers add up squares.
  public static let largestWeight: Float = 1e9

  /// The reason why training cannot use the labels' weights, and valid ones; nil if it can.
  ///
  /// `decant inspect` warns of the faults that training rejects.
  public var weightFault: (reason: String, expected: String)? {
    guard let weights = labels.values, !weights.isEmpty else { return nil }
    let range = "0 to \(Self.largestWeight)"
    if let weight = weights.first(where: { !(0...Self.largestWeight ~= $0) }) {
      return ("a label of train has the weight \(weight)", range)
    }
    guard weights.contains(where: { $0 > 0 }) else {
      return ("every label of train has the weight 0", "a weight above 0 at least once")
    }
    return nil
  }
}

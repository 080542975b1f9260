import Torch

extension Split {
  /// The largest weight that a label may have: its square must be far below the largest 32-bit number,
  /// as optimisers add up squares.
  public static let largestWeight: Float = 1e9

  /// Why nothing can be learnt from the labels' weights, and what would do; nil where they will do.
  ///
  /// `decant inspect` warns of what a training refuses.
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

import Storage

/// A method of `--noise-robust` or `--imbalance` with its needs.
package protocol TreatmentRow: Sendable {
  /// The methods by their names on the command line.
  associatedtype Method: RawRepresentable<String> & Sendable
  /// The method.
  var method: Method { get }
  /// The meaning of the strength.
  var meaning: String { get }
  /// The default of the strength.
  var usual: Double { get }
  /// The strengths that make sense.
  var range: ClosedRange<Double> { get }
  /// The words of the losses that it changes.
  var losses: [String] { get }
  /// The option of the method.
  static var option: String { get }
  /// The option of the strength.
  static var strengthOption: String { get }
}

extension TreatmentRow {
  /// The strength, given or by default, checked together with the loss.
  ///
  /// - Throws: `ValueError` if the method needs another loss or another strength.
  func strength(_ given: Double?, with plain: TrainingLoss) throws -> Double {
    guard let word = plain.word, losses.contains(word) else {
      throw ValueError(
        "loss",
        reason:
          "\(Self.option) \(method.rawValue) does not apply to the loss \(plain.word ?? plain.name)",
        expected: losses.map { "--loss \($0)" }.joined(separator: " or "))
    }
    let strength = given ?? usual
    guard range.contains(strength) else {
      throw ValueError(
        "strength",
        reason:
          "\(Self.strengthOption) \(strength) is out of the range of \(method.rawValue)",
        expected: "\(range.lowerBound) to \(range.upperBound), \(meaning)")
    }
    return strength
  }

  /// The meaning and the default of each method's strength.
  static func strengths(of rows: [Self]) -> String {
    let all = rows.map { "\($0.meaning) of \($0.method.rawValue) (\($0.usual))" }
    return "Strength of \(option): \(all.joined(separator: ", "))."
  }
}

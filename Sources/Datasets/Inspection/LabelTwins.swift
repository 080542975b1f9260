import Foundation
import Storage

/// Labels whose names differ only by case, blanks or width, so that people take them for the same.
public struct LabelTwins: Codable, Hashable, Sendable {
  /// The number of groups of such labels.
  public var groups = 0
  /// The number of labels in these groups.
  public var labels = 0
  /// The first ten groups, in the order of their first labels; at most ten names each.
  public var examples: [[String]] = []

  /// Compares the names of all labels.
  ///
  /// - Complexity: O(bytes) expected.
  init(_ names: some Sequence<String>) {
    var groupOfName: [String: Int] = [:]
    var groups: [[String]] = []
    for name in names {
      let folded = Self.folded(name)
      if let group = groupOfName[folded] {
        groups[group].append(name)
      } else {
        groupOfName[folded] = groups.count
        groups.append([name])
      }
    }
    for group in groups where group.count > 1 {
      self.groups += 1
      labels += group.count
      if examples.count < 10 { examples.append(Array(group.prefix(10))) }
    }
  }

  /// The common form of names that look alike: in Normalization Form KC, where full and half width
  /// are the same, without case, and with runs of blanks as one space.
  ///
  /// Names of more than 1,000 bytes are not confused at a glance: they stay unchanged.
  static func folded(_ name: String) -> String {
    guard name.utf8.count <= 1000 else { return name }
    let plain = name.precomposedStringWithCompatibilityMapping
    // Upper case first: it maps ß to SS, and ς and σ to the same letter.
    return plain.uppercased().lowercased().split(whereSeparator: \.isWhitespace)
      .joined(separator: " ").normalizedToNFC
  }
}

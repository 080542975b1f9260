import Foundation
import Torch

/// Labels whose names differ only by case, blanks or width, so that people take them for one.
public struct LabelTwins: Codable, Hashable, Sendable {
  /// Groups of such labels.
  public var groups = 0
  /// The labels in these groups.
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

  /// What names that look alike have in common: in Normalization Form KC, where full and half width
  /// are one, without case, and with one space for blanks in a row.
  ///
  /// Nobody takes names of more than 1,000 bytes for one at a glance: they stay as they are.
  static func folded(_ name: String) -> String {
    guard name.utf8.count <= 1000 else { return name }
    let plain = name.precomposedStringWithCompatibilityMapping
    // Upper case first: it is where ß meets SS, and ς meets σ.
    return plain.uppercased().lowercased().split(whereSeparator: \.isWhitespace)
      .joined(separator: " ").normalizedToNFC
  }
}

package import Datasets

/// Families of features for texts that differ from package descriptions.
package enum DefaultFamilies {
  /// The standard families for texts whose first lines do not begin with a name and a colon.
  package static let plain = [
    TextFeatures.Family(.words, of: .text),
    TextFeatures.Family(.unspacedCharacters, of: .text, lengths: 1...4, weight: 3),
    TextFeatures.Family(.words, of: .lead, weight: 0.7),
    TextFeatures.Family(.wordCharacters, of: .lead, lengths: 3...4, weight: 0.7),
    TextFeatures.Family(.wordPairs, of: .lead, weight: 0.5),
  ]

  /// The same with the word pairs of the whole text, for texts of several lines with many
  /// documents a label.
  package static let paragraphs: [TextFeatures.Family] =
    plain.dropLast() + [TextFeatures.Family(.wordPairs, of: .text, weight: 0.5)]

  /// For short texts with few documents a label: runs of characters weigh most, because most words
  /// are rare.
  package static let shortTexts = [
    TextFeatures.Family(.words, of: .text),
    TextFeatures.Family(.unspacedCharacters, of: .text, lengths: 1...4, weight: 3),
    TextFeatures.Family(.wordCharacters, of: .lead, lengths: 3...5, weight: 2),
    TextFeatures.Family(.wordPairs, of: .lead, weight: 0.5),
  ]

  /// For texts whose first line says no more than the others: runs of characters everywhere.
  package static let wholeTexts = [
    TextFeatures.Family(.words, of: .text),
    TextFeatures.Family(.unspacedCharacters, of: .text, lengths: 1...4, weight: 3),
    TextFeatures.Family(.words, of: .lead, weight: 0.7),
    TextFeatures.Family(.wordCharacters, of: .text, lengths: 3...5, weight: 0.7),
    TextFeatures.Family(.wordPairs, of: .lead, weight: 0.5),
  ]
}

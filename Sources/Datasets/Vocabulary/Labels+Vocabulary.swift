import Storage

/// How the labels of a data set were found in a vocabulary.
public struct VocabularyMatch: Hashable, Sendable {
  /// The number of labels that have the id of an entry.
  public internal(set) var byID = 0
  /// The number of further labels that are the notation of an entry.
  public internal(set) var byNotation = 0
  /// The number of further labels that are the preferred text of an entry.
  public internal(set) var byText = 0
  /// The labels that no entry describes.
  public internal(set) var unmatched: [String] = []
  /// The number of entries with a text that describe no label.
  public internal(set) var unused = 0

  /// The number of labels that an entry describes.
  public var matched: Int { byID + byNotation + byText }

  /// One sentence for people.
  ///
  /// - Parameter path: the vocabulary's file.
  public func sentence(path: String) -> String {
    let ways = [(byID, "id"), (byNotation, "notation"), (byText, "text")].filter { $0.0 > 0 }
      .map { "\($0.0) by \($0.1)" }
    var sentence =
      "\(path) describes \(matched) of the \(matched + unmatched.count) labels"
      + (ways.isEmpty ? "" : " (\(ways.joined(separator: ", ")))")
    if !unmatched.isEmpty {
      sentence +=
        "; unknown to it: " + unmatched.prefix(5).joined(separator: ", ")
        + (unmatched.count > 5 ? ", …" : "")
    }
    return sentence
  }
}

/// Finds labels in a vocabulary: by id, then by notation, then by preferred text.
///
/// A notation or a text that several entries have finds none of them.
struct VocabularyIndex {
  private var byID: [String: Int] = [:]
  private var byNotation: [String: Int?] = [:]
  private var byText: [String: Int?] = [:]

  init(_ vocabulary: LabelVocabulary) {
    for (place, entry) in vocabulary.entries.enumerated() {
      byID[entry.id] = place
      if let notation = entry.details.notation { Self.add(notation, place, to: &byNotation) }
      if let text = entry.text { Self.add(text, place, to: &byText) }
    }
  }

  private static func add(_ name: String, _ place: Int, to places: inout [String: Int?]) {
    // A name of several entries stays in the table, without a place.
    places.updateValue(places[name] == nil ? place : nil, forKey: name)
  }

  /// The entry of each label, nil for none; counted in `match`.
  func places(of labels: some Sequence<String>, counting match: inout VocabularyMatch) -> [Int?] {
    labels.map { label in
      if let place = byID[label] {
        match.byID += 1
        return place
      }
      if let place = byNotation[label] ?? nil {
        match.byNotation += 1
        return place
      }
      if let place = byText[label] ?? nil {
        match.byText += 1
        return place
      }
      match.unmatched.append(label)
      return nil
    }
  }
}

extension Labels {
  /// These labels with the texts and relations that a vocabulary has for them.
  ///
  /// Labels keep their names and columns. They are found by id, then by notation, then by preferred
  /// text. A label that the vocabulary does not describe keeps its own text. The entries that no label
  /// has become `candidates`, named in the way that most labels are: by id, notation or text.
  ///
  /// - Throws: `InputError` if no label is found.
  public func described(by vocabulary: LabelVocabulary) throws -> (
    labels: Labels, match: VocabularyMatch
  ) {
    var match = VocabularyMatch()
    let places = VocabularyIndex(vocabulary).places(of: ids, counting: &match)
    guard match.matched > 0 else {
      throw InputError(
        file: vocabulary.path,
        reason: "none of the \(counted(count, "label")) of the data set is in the vocabulary: "
          + match.unmatched.prefix(3).joined(separator: ", "),
        expected: "labels named by id, notation or preferred text, such as "
          + "\"\(vocabulary.entries[0].id)\"")
    }
    var texts = [String](repeating: "", count: count)
    var details = [LabelDetails](repeating: LabelDetails(), count: count)
    for (label, place) in places.enumerated() {
      let own = self.texts?[label] ?? ""
      let entry = place.map { vocabulary.entries[$0] }
      texts[label] = entry?.text ?? own
      details[label] = entry?.details ?? self.details?[label] ?? LabelDetails()
    }
    var result = Labels(
      ids: ids, texts: texts.contains { !$0.isEmpty } ? TextColumn(texts) : nil,
      details: details.contains { !$0.isEmpty } ? details : nil)
    result.vocabularyHash = vocabulary.contentHash
    result.candidates = unusedEntries(of: vocabulary, without: places, match)
    match.unused = result.candidates.count
    return (result, match)
  }

  /// The entries that no label has, under names that no label has.
  private func unusedEntries(
    of vocabulary: LabelVocabulary, without places: [Int?], _ match: VocabularyMatch
  ) -> [LabelVocabulary.Entry] {
    let used = Set(places.compactMap(\.self))
    var names = Set(ids)
    func name(_ entry: LabelVocabulary.Entry) -> String? {
      let most = max(match.byID, match.byNotation, match.byText)
      if match.byID == most { return entry.id }
      return match.byNotation == most ? entry.details.notation : entry.text
    }
    return vocabulary.entries.indices.compactMap { place in
      var entry = vocabulary.entries[place]
      guard !used.contains(place), entry.text != nil, let name = name(entry),
        names.insert(name).inserted
      else { return nil }
      entry.id = name
      return entry
    }
  }
}

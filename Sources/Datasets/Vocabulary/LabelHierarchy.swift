public import Storage

/// The labels above each label.
///
/// Nodes are the labels of a model or data set, in its order, and then further labels that occur only
/// as parents. A label may have several parents.
public struct LabelHierarchy: Sendable {
  /// `[nodes, nodes]`; the parents of each node.
  public let parents: CSRMatrix
  /// The number of labels; nodes from there on are not labels of the model.
  public let labelCount: Int

  /// Arranges labels by a vocabulary; nil if it has no parents.
  ///
  /// - Parameter labels: the names of the labels, found in the vocabulary like those of a data set.
  /// - Throws: `InputError` if a label is above itself; the error names the cycle.
  public init?(_ labels: some Sequence<String>, in vocabulary: LabelVocabulary) throws {
    var match = VocabularyMatch()
    let places = VocabularyIndex(vocabulary).places(of: labels, counting: &match)
    try self.init(places: places, vocabulary: vocabulary)
  }

  /// Arranges the labels of a data set by the parents that they name; nil if none names one.
  ///
  /// - Parameter path: the data set, for errors.
  /// - Throws: `InputError` if a label is above itself.
  public init?(_ labels: Labels, path: String) throws {
    guard let details = labels.details else { return nil }
    let vocabulary = try LabelVocabulary(
      path: path,
      entries: zip(labels.ids, details).map { LabelVocabulary.Entry(id: $0, details: $1) },
      contentHash: 0)
    try self.init(places: Array(0..<labels.count), vocabulary: vocabulary)
  }

  private init?(places: [Int?], vocabulary: LabelVocabulary) throws {
    guard vocabulary.entries.contains(where: { !$0.details.parents.isEmpty }) else { return nil }
    labelCount = places.count
    // The first label of an entry is its node; entries that are not labels follow.
    var node = [Int](repeating: -1, count: vocabulary.entries.count)
    var names: [String] = places.map { $0.map { vocabulary.entries[$0].id } ?? "" }
    for (label, place) in places.enumerated() {
      if let place, node[place] < 0 { node[place] = label }
    }
    for place in node.indices where node[place] < 0 {
      node[place] = names.count
      names.append(vocabulary.entries[place].id)
    }
    var numbers = Dictionary(
      zip(vocabulary.entries.lazy.map(\.id), node)
    ) { first, _ in first }
    var rows = [[Int]](repeating: [], count: names.count)
    func above(_ place: Int) -> [Int] {
      vocabulary.entries[place].details.parents.map { parent in
        if let number = numbers[parent] { return number }
        numbers[parent] = names.count
        names.append(parent)
        return names.count - 1
      }
    }
    for (place, number) in node.enumerated() { rows[number] = above(place) }
    // Two labels that name one entry have the same parents.
    for (label, place) in places.enumerated() {
      if let place, node[place] != label { rows[label] = rows[node[place]] }
    }
    rows += [[Int]](repeating: [], count: names.count - rows.count)
    if let cycle = Self.cycle(in: rows) {
      throw InputError(
        file: vocabulary.path,
        reason: "a label is above itself: " + cycle.map { names[$0] }.joined(separator: " → "),
        expected: "parents without a cycle")
    }
    self.parents = CSRMatrix(rows: rows, columnCount: names.count)
  }

  /// The first cycle, from a node through its parents to the same node; nil if there is none.
  private static func cycle(in rows: [[Int]]) -> [Int]? {
    enum State { case unseen, open, closed }
    var states = [State](repeating: .unseen, count: rows.count)
    for start in rows.indices where states[start] == .unseen {
      // The nodes of the current path, each with the number of its parents that were followed.
      var path = [(node: start, followed: 0)]
      states[start] = .open
      while let last = path.last {
        guard last.followed < rows[last.node].count else {
          states[last.node] = .closed
          path.removeLast()
          continue
        }
        path[path.count - 1].followed += 1
        let parent = rows[last.node][last.followed]
        switch states[parent] {
        case .closed: break
        case .open:
          let nodes = path.map { $0.node }
          return Array(nodes[(nodes.firstIndex(of: parent) ?? 0)...]) + [parent]
        case .unseen:
          states[parent] = .open
          path.append((parent, 0))
        }
      }
    }
    return nil
  }
}

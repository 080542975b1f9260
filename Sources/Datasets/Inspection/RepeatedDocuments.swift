import Storage

/// Documents that appear more than once: within train, and in train and test.
struct RepeatedDocuments {
  let duplicates: DatasetInspection.Duplicates
  let leaks: DatasetInspection.Leaks?

  init(_ dataset: Dataset, contents: DocumentContents, nearThreshold: Double) {
    let ids = dataset.documents.ids
    let trainRows = Self.rows(of: dataset.train)
    let testRows = dataset.test.map(Self.rows) ?? [:]
    let used = Set(trainRows.keys).union(testRows.keys).sorted()
    let groups = contents.equalGroups(among: used)
    let ofTrain = groups.map { $0.filter { trainRows[$0] != nil } }.filter { $0.count > 1 }
    let different = ofTrain.filter { group in
      Set(
        group.map { document in
          Set(trainRows[document].map { dataset.train.labels.columns(ofRow: $0) } ?? .init([]))
        }
      ).count > 1
    }

    // Of several equal documents, only one is compared, on behalf of all.
    var groupOf: [Int: [Int]] = [:]
    for group in groups { groupOf[group[0]] = group }
    let others = Set(groups.flatMap { $0.dropFirst() })
    let near = dataset.documents.texts.map {
      NearDuplicates(
        of: $0, among: used.filter { !others.contains($0) }, threshold: nearThreshold
      ).pairs
    }
    func members(_ document: Int) -> [Int] { groupOf[document] ?? [document] }
    let nearInTrain = near.map { pairs in
      pairs.reduce(0) { sum, pair in
        sum + members(pair.first).count { trainRows[$0] != nil }
          * members(pair.second).count { trainRows[$0] != nil }
      }
    }
    func likeness(_ group: [Int], similarity: Double = 1) -> DatasetInspection.Likeness {
      let shown = Array(group.prefix(10))
      let distinct = similarity == 1 ? Array(shown.prefix(1)) : shown
      return .init(
        documents: shown.map { ids[$0] },
        texts: dataset.documents.texts.map { texts in distinct.map { texts[$0] } },
        labels: shown.map { document in
          trainRows[document].map { dataset.train.labels.columns(ofRow: $0) }?
            .map { dataset.labels.textOrID(at: Int($0)) } ?? []
        }, similarity: similarity)
    }
    let closest = near.map { pairs in
      pairs.compactMap { pair -> (documents: [Int], similarity: Double)? in
        guard let first = members(pair.first).first(where: { trainRows[$0] != nil }),
          let second = members(pair.second).first(where: { trainRows[$0] != nil })
        else { return nil }
        return ([first, second], pair.similarity)
      }
      .sorted { ($1.similarity, $0.documents[0]) < ($0.similarity, $1.documents[0]) }.prefix(10)
    }
    duplicates = DatasetInspection.Duplicates(
      groups: ofTrain.count, documents: ofTrain.reduce(0) { $0 + $1.count },
      groupsOfDifferentLabels: different.count,
      examplesOfDifferentLabels: different.prefix(10).map { $0.prefix(10).map { ids[$0] } },
      differing: different.prefix(10).map { likeness($0) },
      near: closest?.map { likeness($0.documents, similarity: $0.similarity) },
      nearPairs: nearInTrain)

    guard dataset.test != nil else {
      leaks = nil
      return
    }
    var equal: [Int: Int] = [:]
    for group in groups {
      guard let source = group.first(where: { trainRows[$0] != nil }) else { continue }
      for document in group where testRows[document] != nil { equal[document] = source }
    }
    var sources: [Int: (document: Int, similarity: Double)] = [:]
    for pair in near ?? [] {
      for (one, other) in [(pair.first, pair.second), (pair.second, pair.first)] {
        guard let source = members(other).first(where: { trainRows[$0] != nil }) else { continue }
        for document in members(one) where testRows[document] != nil && equal[document] == nil {
          if pair.similarity > sources[document]?.similarity ?? 0 {
            sources[document] = (source, pair.similarity)
          }
        }
      }
    }
    func example(_ test: Int, _ train: Int, _ similarity: Double) -> DatasetInspection.Leaks.Example
    {
      .init(
        test: ids[test], train: ids[train], similarity: similarity,
        testText: dataset.documents.texts?[test], trainText: dataset.documents.texts?[train])
    }
    let equalExamples = equal.sorted { $0.key < $1.key }.prefix(10).map {
      example($0.key, $0.value, 1)
    }
    let nearExamples = sources.sorted {
      ($1.value.similarity, $0.key) < ($0.value.similarity, $1.key)
    }
    .prefix(10)
    .map { example($0.key, $0.value.document, $0.value.similarity) }
    leaks = DatasetInspection.Leaks(
      equal: equal.count, nearlyEqual: near == nil ? nil : sources.count,
      examples: equalExamples + nearExamples)
  }

  /// The row of each document.
  private static func rows(of split: Split) -> [Int: Int] {
    Dictionary(
      split.documentIndices.enumerated().map { (Int($1), $0) },
      uniquingKeysWith: { first, _ in first })
  }
}

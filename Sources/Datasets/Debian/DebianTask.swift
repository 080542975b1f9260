import Storage

/// A data set made from a Debian archive: the labels to predict from a package's description.
///
/// Packages are split by the `SplitBucket` of their source package, so that the packages of one
/// source stay together. A label is kept if enough training packages have it; packages without a
/// kept label are left out.
public enum DebianTask: String, CaseIterable, Sendable, Codable {
  /// The hand-made tags (debtags): `game::strategy`, `interface::commandline`… Label texts are from
  /// the tags' vocabulary.
  case tags
  /// The packages in Pre-Depends, Depends, Recommends, Suggests and Enhances.
  ///
  /// All alternatives count. A name without a package is replaced by the only package that provides
  /// it, and dropped if there are several. Packages of the same source do not count. Labels are
  /// packages that two or more training packages list; label texts are those packages' texts.
  case related
  /// The section, such as `games`: one label per package, without texts.
  case section

  /// The name of the data set, in English.
  public var datasetName: String { "debian-\(rawValue)" }

  private func datasetName(in language: DebianLanguage) -> String {
    datasetName + (language == .english ? "" : "-\(language.name)")
  }

  private func summary(in language: DebianLanguage) -> String {
    let description =
      "From a package's description"
      + (language == .english ? "" : " in the language \(language.name)")
    return switch self {
    case .tags: description + ", the tags that people gave it."
    case .related: description + ", the packages that it names as relations."
    case .section: description + ", its section."
    }
  }

  /// The number of training packages that must have a label.
  private var minimumCount: Int { self == .related ? 2 : 1 }

  /// Creates the data set of `archive`, with documents and labels sorted by name.
  ///
  /// - Throws: `InputError` when no package has a label of this kind.
  public func dataset(of archive: DebianArchive) throws -> Dataset {
    let names =
      switch self {
      case .tags: archive.entries.map { $0.package.tagNames }
      case .related: DebianRelations(archive).names
      case .section: archive.entries.map { $0.package.sectionName.map { [$0] } ?? [] }
      }
    var counts: [String: Int] = [:]
    for (entry, names) in zip(archive.entries, names) where !entry.bucket.isTest {
      for name in names { counts[name, default: 0] += 1 }
    }
    let labelIDs = counts.filter { $0.value >= minimumCount }.keys.sorted()
    guard !labelIDs.isEmpty else {
      throw InputError(
        file: archive.packageFiles,
        reason: "no package has a label for \(datasetName(in: archive.language))",
        expected: self == .tags ? "Tag fields, which Debian's lists have" : "a larger archive")
    }
    let labelIndices = try NameIndex(labelIDs, of: "label", from: datasetName)
    let rows = names.map { $0.compactMap { labelIndices[$0] } }
    return assemble(archive, labelIDs: labelIDs, rows: rows, allNames: names)
  }

  private func assemble(
    _ archive: DebianArchive, labelIDs: [String], rows: [[Int]], allNames: [[String]]
  ) -> Dataset {
    let kept = rows.indices.filter { !rows[$0].isEmpty }
    func split(where isMember: (SplitBucket) -> Bool) -> Split {
      let members = kept.indices.filter { isMember(archive.entries[kept[$0]].bucket) }
      return Split(
        documentIndices: MappedArray(members.map { Int32($0) }),
        labels: CSRMatrix(rows: members.map { rows[kept[$0]] }, columnCount: labelIDs.count))
    }
    let train = split { !$0.isTest }
    let validation = split { $0.isValidation }
    let test = split { $0.isTest }
    let dropped = rows.indices.filter { archive.entries[$0].bucket.isTest }
      .reduce(0) { $0 + allNames[$1].count - rows[$1].count }
    return Dataset(
      documents: Documents(
        ids: TextColumn(kept.map { archive.entries[$0].package.name }),
        content: .texts(TextColumn(kept.map { archive.entries[$0].text }))),
      labels: Labels(ids: TextColumn(labelIDs), texts: labelTexts(labelIDs, archive)),
      train: train, validation: validation, test: test,
      description: DatasetDescription(
        name: datasetName(in: archive.language), summary: summary(in: archive.language),
        origins: archive.origins,
        statistics: DatasetStatistics(
          train: train, validation: validation, test: test, droppedTestPairs: dropped)))
  }

  private func labelTexts(_ labelIDs: [String], _ archive: DebianArchive) -> TextColumn? {
    switch self {
    case .tags:
      return archive.tagTexts.isEmpty
        ? nil : TextColumn(labelIDs.map { archive.tagTexts[$0] ?? "" })
    case .related:
      let texts = Dictionary(archive.entries.map { ($0.package.name, $0.text) }) { $1 }
      return TextColumn(labelIDs.map { texts[$0] ?? "" })
    case .section:
      return nil
    }
  }
}

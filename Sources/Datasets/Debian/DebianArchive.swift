import Storage

/// The packages of a Debian archive with their descriptions, the source of the Debian data sets.
public struct DebianArchive: Sendable {
  /// One package with its text and the split bucket of its source package.
  struct Entry: Sendable {
    var package: DebianPackage
    var text: String
    var bucket: SplitBucket
  }

  /// The packages, sorted by name.
  let entries: [Entry]
  /// The lists of packages, for errors.
  let packageFiles: String
  /// The meaning of each tag: the tag, a short line and a long description.
  let tagTexts: [String: String]
  /// The language of the descriptions.
  let language: DebianLanguage
  /// The editions that the packages are from.
  public let origins: [DatasetDescription.Origin]

  /// The number of packages.
  public var packageCount: Int { entries.count }

  /// Reads `lists`.
  ///
  /// Packages are the stanzas with a `Filename` and a `Description-md5`; of several versions of a
  /// package, the newest counts. A text is `name: short description`, followed by the long
  /// description with its lines trimmed and its `.` lines blank. Packages that are not described in
  /// the lists' language are left out. In English every package has at least the short description
  /// of its list.
  ///
  /// - Parameter progress: called with a line for each step that takes time.
  /// - Throws: `FileError`, `InputError` or `DebianUnavailable` when a list cannot be read, and
  ///   `InputError` when the lists contain no package.
  public init(_ lists: DebianLists, progress: (String) -> Void = { _ in }) throws {
    packageFiles = lists.packages.joined(separator: ", ")
    var packages: [DebianPackage] = []
    var indices: [String: Int] = [:]
    for path in lists.packages {
      progress("reading \(path)")
      let file = try PackedFile.open(path)
      try ControlFile.forEachStanza(in: file, path: path) { stanza in
        guard let package = DebianPackage(stanza) else { return }
        if let index = indices[package.name] {
          if DebianVersion(packages[index].version) < DebianVersion(package.version) {
            packages[index] = package
          }
        } else {
          indices[package.name] = packages.count
          packages.append(package)
        }
      }
    }
    guard !packages.isEmpty else {
      throw InputError(
        file: packageFiles, reason: "it contains no packages",
        expected: "stanzas with Package, Filename, Description and Description-md5")
    }
    let descriptions = try Self.readDescriptions(
      lists.translations, language: lists.language, progress: progress)
    packages.sort { $0.name < $1.name }
    entries = packages.compactMap { package in
      let own = lists.language == .english ? package.description : nil
      guard
        let description = descriptions["\(package.name) \(package.descriptionKey)"] ?? own
      else { return nil }
      return Entry(
        package: package, text: Self.text(package.name, description),
        bucket: SplitBucket(of: package.source))
    }
    tagTexts = try lists.vocabulary.map(Self.readVocabulary) ?? [:]
    origins = lists.origins
    language = lists.language
  }

  /// `name: first line`, followed by the other lines; `.` stands for a blank one.
  private static func text(_ name: String, _ description: [String]) -> String {
    let long = description.dropFirst().map { $0 == "." ? "" : $0 }
    return "\(name): \(description.first ?? "")\n" + long.joined(separator: "\n")
  }

  /// The descriptions by `name md5`; the first of each counts.
  private static func readDescriptions(
    _ paths: [String], language: DebianLanguage, progress: (String) -> Void
  ) throws -> [String: [String]] {
    let field = "Description-\(language.name)"
    var descriptions: [String: [String]] = [:]
    for path in paths {
      progress("reading \(path)")
      let file = try PackedFile.open(path)
      try ControlFile.forEachStanza(in: file, path: path) { stanza in
        guard let name = stanza.text("Package"), let sum = stanza.text("Description-md5"),
          let lines = stanza.lines(field)
        else { return }
        let key = "\(name) \(sum)"
        if descriptions[key] == nil { descriptions[key] = lines }
      }
    }
    return descriptions
  }

  private static func readVocabulary(_ path: String) throws -> [String: String] {
    var texts: [String: String] = [:]
    let file = try PackedFile.open(path)
    try ControlFile.forEachStanza(in: file, path: path) { stanza in
      guard let tag = stanza.text("Tag"), let lines = stanza.lines("Description") else { return }
      texts[tag] = text(tag, lines)
    }
    return texts
  }
}

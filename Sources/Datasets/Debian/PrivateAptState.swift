import Foundation
import Storage

/// A private configuration and state of apt in one folder, separate from the machine's.
///
/// Each language has a separate folder, so downloading one leaves the others untouched.
///
///     sources/debian.sources, debian.list   the machine's entries that point to the archive
///     lists/ cache/                         apt's state
///     machine.conf, private.conf            the machine's lists, or those in `lists`
///     packages.control                      the output of apt-cache for them
///     vocabulary                            from the package debtags
struct PrivateAptState {
  private let folder: String
  private let language: DebianLanguage
  private let aptGet: String
  private let aptCache: String

  init(folder: String, language: DebianLanguage) throws {
    guard let aptGet = Subprocess.path(of: "apt-get"),
      let aptCache = Subprocess.path(of: "apt-cache")
    else {
      throw DebianUnavailable(
        reason: "there is no apt on this machine",
        remedy: "give the package lists as files: Packages and Translation-en of a Debian mirror")
    }
    guard !folder.contains(where: { "\"\n;{}".contains($0) }) else {
      throw DebianUnavailable(
        reason: "apt cannot use the folder name \(folder)",
        remedy: "set XDG_CACHE_HOME to a folder without quotation marks, semicolons or braces")
    }
    self.folder = folder
    self.language = language
    self.aptGet = aptGet
    self.aptCache = aptCache
  }

  /// The lists, downloaded if necessary; see `DebianLists.ofThisMachine`.
  func lists(
    refresh: Bool, download: Bool, progress: (String) -> Void
  ) throws -> DebianLists {
    for name in ["sources", "lists/partial", "cache/archives/partial"] {
      try Folder.make("\(folder)/\(name)")
    }
    let sourcesChanged = try writeSources()
    let machine = try configuration(name: "machine", lists: nil)
    let own = try configuration(name: "private", lists: "\(folder)/lists")

    var configuration = own
    var targets = sourcesChanged || refresh ? [] : try complete(self.targets(own))
    if targets.isEmpty, !refresh {
      targets = try complete(self.targets(machine))
      if !targets.isEmpty { configuration = machine }
    }
    if targets.isEmpty {
      guard download else {
        throw DebianUnavailable(
          reason:
            "there are no package lists with descriptions in \(language.name) on this machine",
          remedy: "allow the download")
      }
      progress("downloading package lists (10 to 16 MB) into \(folder)")
      targets = try update(own)
    }
    progress("reading package lists")
    let packages = "\(folder)/packages.control"
    let dump = try run(aptCache, ["-c", configuration, "dumpavail"])
    guard dump.status == 0, dump.output.count > 0 else {
      throw DebianUnavailable(
        reason: "apt-cache dumpavail failed: \(dump.messages)",
        remedy: "remove \(folder) and try again")
    }
    try dump.output.withBytes { try writeAtomically($0, to: packages) }
    return DebianLists(
      packages: [packages],
      translations: targets.filter { $0.kind == "Translations" }.map(\.file), language: language,
      vocabulary: try vocabulary(
        configuration, refresh: refresh, download: download, progress: progress),
      origins: try targets.filter { $0.kind == "Packages" }.map(origin))
  }

  /// One file that apt keeps for a source.
  private struct Target {
    var kind: String
    var language: String
    var origin: String
    var release: String
    var address: String
    var file: String
  }

  private func targets(_ configuration: String) throws -> [Target] {
    let format =
      "$(CREATED_BY)|$(LANGUAGE)|$(ORIGIN)|$(RELEASE)|$(BASE_URI)|$(COMPONENT)|$(FILENAME)"
    let outcome = try run(
      aptGet, ["-c", configuration, "indextargets", "--format", format])
    guard outcome.status == 0 else { return [] }
    return outcome.output.text.split(separator: "\n").compactMap {
      let parts = $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 7, ["Debian", "Ubuntu"].contains(parts[2]) else { return nil }
      return Target(
        kind: parts[0], language: parts[1], origin: parts[2], release: parts[3],
        address: parts[4] + " " + parts[5], file: parts[6])
    }
  }

  /// The package lists and translations, or nothing if some are missing.
  ///
  /// Every list has descriptions in English; updates have none in other languages.
  private func complete(_ targets: [Target]) -> [Target] {
    let kept = targets.filter {
      $0.kind == "Packages" || $0.kind == "Translations" && $0.language == language.name
    }
    let lists = Set(kept.filter { $0.kind == "Packages" }.map(\.address))
    let translated = Set(kept.filter { $0.kind == "Translations" }.map(\.address))
    let isComplete =
      language == .english ? lists.isSubset(of: translated) : !translated.isDisjoint(with: lists)
    return lists.isEmpty || !isComplete ? [] : kept
  }

  private func update(_ configuration: String) throws -> [Target] {
    let outcome = try run(aptGet, ["-q", "-c", configuration, "update"])
    let found = outcome.status == 0 ? try self.targets(configuration) : []
    let targets = complete(found)
    guard !targets.isEmpty else {
      if found.contains(where: { $0.kind == "Packages" }) {
        let others = try languages()
        throw DebianUnavailable(
          reason: "the archive has no descriptions in the language \(language.name)",
          remedy: others.isEmpty
            ? "choose another" : "choose one of \(others.joined(separator: ", "))")
      }
      let message = outcome.messages.split(separator: "\n").first { $0.hasPrefix("E:") }
      throw DebianUnavailable(
        reason: "apt could not download the package lists"
          + (message.map { " (\($0.dropFirst(2).trimmingCharacters(in: .whitespaces)))" } ?? ""),
        remedy: "check the network and apt's sources, or give the package lists as files")
    }
    return targets
  }

  /// The languages for which the downloaded release files list translations.
  private func languages() throws -> [String] {
    let folder = "\(folder)/lists"
    let releases = try (Folder.names(folder) ?? []).filter { $0.hasSuffix("Release") }
    let names = try releases.map { try MappedFile(path: "\(folder)/\($0)").text }
      .flatMap(DebianLanguage.named(inRelease:))
    return Set(names).sorted()
  }

  private func run(
    _ tool: String, _ arguments: [String], in place: String? = nil
  ) throws -> Subprocess.Outcome {
    try Subprocess(path: tool, arguments: arguments, folder: place).run()
  }

  /// Writes apt's configuration `name`.conf for the lists in `lists`, or for the machine's if nil.
  private func configuration(name: String, lists: String?) throws -> String {
    let path = "\(folder)/\(name).conf"
    // `#clear` works only in a file that is read last; containers disable the languages and have
    // hooks that would delete files outside this folder.
    try writeAtomically(
      """
      #clear Acquire::Languages;
      #clear APT::Update::Pre-Invoke;
      #clear APT::Update::Post-Invoke;
      #clear APT::Update::Post-Invoke-Success;
      Acquire::Languages { "\(language.name)"; };
      Acquire::Retries "2";
      Acquire::http::Timeout "20";
      Acquire::https::Timeout "20";
      APT::Update::Error-Mode "any";
      Dir::Cache "\(folder)/cache";
      Dir::Etc::sourcelist "/dev/null";
      Dir::Etc::sourceparts "\(folder)/sources";
      \(lists.map { "Dir::State::lists \"\($0)\";" } ?? "")

      """, to: path)
    return path
  }

  /// Copies the wanted entries of the machine's sources; true if they differ from last time.
  private func writeSources() throws -> Bool {
    let etc = "/etc/apt"
    var stanzas: [String] = []
    var lines: [String] = []
    let parts = try (Folder.names("\(etc)/sources.list.d") ?? []).sorted()
    for file in ["\(etc)/sources.list"] + parts.map({ "\(etc)/sources.list.d/\($0)" }) {
      guard FileManager.default.isReadableFile(atPath: file) else { continue }
      let text = try MappedFile(path: file).text
      if file.hasSuffix(".sources") {
        stanzas += try DebianSources.kept(ofStanzas: text, file: file)
      } else if file.hasSuffix(".list") {
        lines += DebianSources.kept(ofLines: text)
      }
    }
    guard !stanzas.isEmpty || !lines.isEmpty else {
      throw DebianUnavailable(
        reason:
          "no entry in \(etc)/sources.list or \(etc)/sources.list.d points to the Debian archive",
        remedy: "give the package lists as files: Packages and Translation-en of a Debian mirror")
    }
    let texts = [
      ("debian.sources", stanzas.joined(separator: "\n")),
      ("debian.list", lines.map { "\($0)\n" }.joined()),
    ]
    var changed = false
    for (name, text) in texts {
      let path = "\(folder)/sources/\(name)"
      let isThere = FileManager.default.fileExists(atPath: path)
      if isThere, try MappedFile(path: path).text == text { continue }
      try writeAtomically(text, to: path)
      changed = true
    }
    return changed
  }

  /// The debtags vocabulary of this machine, or of its archive; nil if neither has it.
  private func vocabulary(
    _ configuration: String, refresh: Bool, download: Bool, progress: (String) -> Void
  ) throws -> String? {
    let kept = "\(folder)/vocabulary"
    let name = "usr/share/debtags/vocabulary"
    for path in refresh ? [] : [kept, "/\(name)"]
    where FileManager.default.fileExists(atPath: path) {
      return path
    }
    guard download, let unpacker = Subprocess.path(of: "dpkg-deb") else { return nil }
    progress("downloading the tags' vocabulary (0.6 MB)")
    let place = "\(folder)/debtags"
    try Folder.removeIfPresent(place)
    try Folder.make(place)
    defer {
      // A leftover only takes space; the next refresh removes it.
      do { try Folder.removeIfPresent(place) } catch {}
    }
    let fetched = try run(aptGet, ["-q", "-c", configuration, "download", "debtags"], in: place)
    guard fetched.status == 0,
      let package = try Folder.names(place)?.first(where: { $0.hasSuffix(".deb") }),
      try run(unpacker, ["-x", "\(place)/\(package)", "\(place)/root"]).status == 0,
      FileManager.default.fileExists(atPath: "\(place)/root/\(name)")
    else {
      progress("the tags' vocabulary is not available; tags will have no texts")
      return nil
    }
    try MappedFile(path: "\(place)/root/\(name)").withBytes { try writeAtomically($0, to: kept) }
    return kept
  }

  /// Edition and date of the list `target`, from the release file next to it.
  private func origin(of target: Target) throws -> DatasetDescription.Origin {
    var release = "\(target.origin) \(target.release)"
    var date: String?
    let file = URL(fileURLWithPath: target.file)
    let place = file.deletingLastPathComponent().path
    let releaseFile = try Folder.names(place)?.first { name in
      ["_InRelease", "_Release"].contains { suffix in
        name.hasSuffix(suffix)
          && file.lastPathComponent.hasPrefix(name.dropLast(suffix.count) + "_")
      }
    }
    if let releaseFile {
      let text = try MappedFile(path: "\(place)/\(releaseFile)").text
      func field(_ name: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix(name + ":") }.map {
          $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
      }
      date = field("Date")
      if let version = field("Version") {
        release = "\(target.origin) \(version) (\(target.release))"
      }
    }
    return DatasetDescription.Origin(source: target.address, release: release, date: date)
  }
}

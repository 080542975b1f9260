import Foundation

/// Where the package lists of a Debian or Ubuntu archive lie.
public struct DebianLists: Hashable, Sendable {
  /// Package lists: `Packages` files, or what `apt-cache dumpavail` prints.
  ///
  /// Of a package that comes several times, the newest version counts.
  public var packages: [String]
  /// Lists of descriptions: `Translation-en` files, or those of another language.
  ///
  /// The first that has a package counts.
  public var translations: [String]
  /// The language of `translations`.
  public var language: DebianLanguage
  /// The debtags vocabulary, which says what each tag means; nil leaves tags without texts.
  public var vocabulary: String?
  /// Which editions these are.
  public var origins: [DatasetDescription.Origin]

  /// Takes files, plain or compressed (`.gz`, `.xz`, `.lz4`, `.zst`, `.bz2`).
  public init(
    packages: [String], translations: [String], language: DebianLanguage = .english,
    vocabulary: String? = nil, origins: [DatasetDescription.Origin] = []
  ) {
    self.packages = packages
    self.translations = translations
    self.language = language
    self.vocabulary = vocabulary
    self.origins = origins
  }

  /// Where `ofThisMachine` keeps what it fetches: `decant/debian` in `$XDG_CACHE_HOME`, or in
  /// `~/.cache`.
  public static var defaultCacheFolder: String {
    let given = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? ""
    return (given.hasPrefix("/") ? given : NSHomeDirectory() + "/.cache") + "/decant/debian"
  }

  /// The lists of the archive that this machine installs its packages from.
  ///
  /// Uses apt's own lists where they have long descriptions; otherwise apt downloads lists
  /// (about 16 MB) into a private state below `cacheFolder`, which needs no rights and changes
  /// nothing on the machine. What was fetched is used again by the next call, so that a data set
  /// stays what it is until it is refreshed.
  ///
  /// - Parameters:
  ///   - language: what language the descriptions are in. Packages without a translation into
  ///     another language than English are left out.
  ///   - cacheFolder: where to keep what is fetched; `defaultCacheFolder` when nil, with a folder
  ///     below it for each language but English.
  ///   - refresh: fetch anew although there are lists.
  ///   - download: whether apt may use the network at all.
  ///   - progress: called with a line for each step that takes time.
  /// - Throws: `DebianUnavailable` without apt, sources, network or the language; `FileError` when
  ///   the cache cannot be written.
  public static func ofThisMachine(
    language: DebianLanguage = .english, cacheFolder: String? = nil, refresh: Bool = false,
    download: Bool = true,
    progress: (String) -> Void = { _ in }
  ) throws -> DebianLists {
    let folder = cacheFolder ?? defaultCacheFolder
    let state = try PrivateAptState(
      folder: language == .english ? folder : "\(folder)/languages/\(language.name)",
      language: language)
    return try state.lists(refresh: refresh, download: download, progress: progress)
  }
}

import Foundation

/// The package lists of a Debian or Ubuntu archive.
public struct DebianLists: Hashable, Sendable {
  /// Package lists: `Packages` files, or the output of `apt-cache dumpavail`.
  ///
  /// If a package is listed several times, the newest version counts.
  public var packages: [String]
  /// Lists of descriptions: `Translation-en` files, or those of another language.
  ///
  /// The first list that contains a package counts.
  public var translations: [String]
  /// The language of `translations`.
  public var language: DebianLanguage
  /// The debtags vocabulary, which explains each tag; nil leaves tags without texts.
  public var vocabulary: String?
  /// The editions of the lists.
  public var origins: [DatasetDescription.Origin]

  /// Creates lists from files, plain or compressed (`.gz`, `.xz`, `.lz4`, `.zst`, `.bz2`).
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

  /// The folder where `ofThisMachine` caches its downloads: `decant/debian` in `$XDG_CACHE_HOME`,
  /// or in `~/.cache`.
  public static var defaultCacheFolder: String {
    let given = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? ""
    return (given.hasPrefix("/") ? given : NSHomeDirectory() + "/.cache") + "/decant/debian"
  }

  /// The lists of the archive that this machine installs its packages from.
  ///
  /// Uses apt's lists if they have long descriptions. Otherwise apt downloads lists (about 16 MB)
  /// into a private state in `cacheFolder`, which needs no privileges and changes nothing on the
  /// machine. The next call uses the same download, so that a data set does not change until it is
  /// refreshed.
  ///
  /// - Parameters:
  ///   - language: the language of the descriptions. Packages without a translation into a language
  ///     other than English are left out.
  ///   - cacheFolder: the folder for downloads, with a subfolder for each language but English; nil
  ///     means `defaultCacheFolder`.
  ///   - refresh: whether to download again even if there are lists.
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

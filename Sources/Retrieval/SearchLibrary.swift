import CSearch

/// The library for approximate search that this process uses, loaded with the first graph.
public enum SearchLibrary {
  private static let failure: String? = cs_load(nil).map { String(cString: $0) }

  /// Loads the library now.
  ///
  /// - Throws: `SearchError`, which says how to install it, if there is none.
  public static func load() throws(SearchError) {
    if let failure { throw SearchError(message: failure, isMissingLibrary: true) }
  }

  /// The library's name and version, such as "USearch 2.26.6".
  ///
  /// - Throws: `SearchError` when there is no library.
  public static var version: String {
    get throws(SearchError) {
      try load()
      return String(cString: cs_library_version())
    }
  }

  /// The library's path.
  ///
  /// - Throws: `SearchError` if the library is missing.
  public static var path: String {
    get throws(SearchError) {
      try load()
      return String(cString: cs_library_path())
    }
  }
}

/// The library for approximate search failed or is missing.
public struct SearchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The library's message, or that of its loader.
  public var message: String
  /// Whether the library is missing.
  public var isMissingLibrary: Bool

  /// Creates an error.
  public init(message: String, isMissingLibrary: Bool = false) {
    self.message = message
    self.isMissingLibrary = isMissingLibrary
  }

  /// The library's message.
  public var description: String { message }

  static func check(_ code: Int32) throws(SearchError) {
    guard code != 0 else { return }
    throw SearchError(message: "the search library failed: " + String(cString: cs_last_error()))
  }
}

import CSearch

/// The library of approximate search that this process uses, opened with the first graph.
public enum SearchLibrary {
  private static let failure: String? = cs_load(nil).map { String(cString: $0) }

  /// Opens the library now.
  ///
  /// - Throws: `SearchError` that says what to do when there is none.
  public static func load() throws(SearchError) {
    if let failure { throw SearchError(message: failure, isMissingLibrary: true) }
  }

  /// Its name and version, such as "USearch 2.26.6".
  ///
  /// - Throws: `SearchError` when there is no library.
  public static var version: String {
    get throws(SearchError) {
      try load()
      return String(cString: cs_library_version())
    }
  }
}

/// The library of approximate search refused something, or is not there.
public struct SearchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The library's words, or those of its loader.
  public var message: String
  /// Whether there is no library to ask.
  public var isMissingLibrary: Bool

  /// Describes one refusal.
  public init(message: String, isMissingLibrary: Bool = false) {
    self.message = message
    self.isMissingLibrary = isMissingLibrary
  }

  /// The library's words.
  public var description: String { message }

  static func check(_ code: Int32) throws(SearchError) {
    guard code != 0 else { return }
    throw SearchError(message: "the search library refuses: " + String(cString: cs_last_error()))
  }
}

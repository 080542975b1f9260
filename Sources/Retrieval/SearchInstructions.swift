import CSearch

/// The instruction sets that multiply the codes of a quantized search; results are the same with all.
public enum SearchInstructions: Int32, CaseIterable, Comparable, Sendable {
  /// No special instructions: slower than blocks of float32, for comparisons only.
  case portable
  case avx2
  /// AVX-512 with its products of eight-bit integers (VNNI).
  case avx512
  /// The matrix unit of newer Intel server processors.
  case amx

  /// The best ones of this processor that the environment variable `DECANT_CPU` allows.
  ///
  /// Its names are `avx512`, `avx2`, and any other for none. It is read once.
  ///
  /// - Throws: `SearchError` when the search library is missing.
  public static var best: SearchInstructions {
    get throws(SearchError) {
      try SearchLibrary.load()
      return SearchInstructions(rawValue: cs_codes_instructions()) ?? .portable
    }
  }

  /// The order of capability.
  public static func < (left: SearchInstructions, right: SearchInstructions) -> Bool {
    left.rawValue < right.rawValue
  }
}

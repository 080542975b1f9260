import Storage

/// The bucket of a name, one of a hundred; the same on every machine and in every release.
///
/// The bucket is the first 32 bits of the SHA-1 of the name's UTF-8 form, modulo 100. Buckets 0–19
/// are for testing, 20–27 for validation (a part of train), 20–99 for training.
public struct SplitBucket: Hashable, Sendable {
  /// In `0 ..< 100`.
  public let number: Int

  /// The bucket of `name`.
  public init(of name: String) {
    number = Int(SHA1.digest(of: Array(name.utf8))[0] % 100)
  }

  /// Whether names in this bucket are kept for testing.
  public var isTest: Bool { number < 20 }
  /// Whether names in this bucket are in the part of train that may be held out.
  public var isValidation: Bool { 20..<28 ~= number }
}

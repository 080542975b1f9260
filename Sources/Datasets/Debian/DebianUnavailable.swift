/// The package lists are not available; says why and what to do about it.
public struct DebianUnavailable: Error, Hashable, Sendable, CustomStringConvertible {
  /// The missing or failing part.
  public var reason: String
  /// The action that helps.
  public var remedy: String

  /// Creates an error.
  public init(reason: String, remedy: String) {
    self.reason = reason
    self.remedy = remedy
  }

  /// The reason and the remedy on one line.
  public var description: String { "\(reason); \(remedy)" }
}

/// Maps the names of a list to their indices.
public struct NameIndex: Sendable {
  private let numbers: [String: Int]

  /// Numbers names that were read from `file`, from 0.
  ///
  /// - Parameter kind: the kind of object named, such as "label".
  /// - Throws: `InputError` when two names are equal, in any normal form.
  public init(_ names: some Sequence<String>, of kind: String, file: String) throws {
    self = try attributingErrors(to: file) { try NameIndex(names, of: kind, from: file) }
  }

  /// Numbers `names` from 0.
  ///
  /// - Parameters:
  ///   - kind: the kind of object named, such as "label".
  ///   - source: the origin of the names, such as an option, for the error.
  /// - Throws: `ValueError` when two names are equal, in any normal form.
  public init(_ names: some Sequence<String>, of kind: String, from source: String) throws {
    var numbers: [String: Int] = [:]
    numbers.reserveCapacity(names.underestimatedCount)
    for (number, name) in names.enumerated() {
      guard numbers.updateValue(number, forKey: name.normalizedToNFC) == nil else {
        throw ValueError(
          source, reason: "the \(kind) \"\(name)\" appears a second time",
          expected: "each \(kind) once")
      }
    }
    self.numbers = numbers
  }

  /// The number of names.
  public var count: Int { numbers.count }

  /// The index of `name`; nil if there is no such name.
  public subscript(name: String) -> Int? { numbers[name] }
}

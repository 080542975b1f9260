/// Finds the number of a name in a list of names.
public struct NameIndex: Sendable {
  private let numbers: [String: Int]

  /// Numbers `names` from 0 on.
  ///
  /// - Parameters:
  ///   - kind: what they name, such as "label".
  ///   - file: where they are from, for the error.
  /// - Throws: `InputError` when two names are equal, in whichever normal form they are written.
  public init(_ names: some Sequence<String>, of kind: String, file: String) throws {
    var numbers: [String: Int] = [:]
    numbers.reserveCapacity(names.underestimatedCount)
    for (number, name) in names.enumerated() {
      guard numbers.updateValue(number, forKey: name.normalizedToNFC) == nil else {
        throw InputError(
          file: file, reason: "the \(kind) \"\(name)\" comes a second time",
          expected: "each \(kind) once")
      }
    }
    self.numbers = numbers
  }

  /// How many names there are.
  public var count: Int { numbers.count }

  /// The number of `name`; nil where it is not among them.
  public subscript(name: String) -> Int? { numbers[name] }
}

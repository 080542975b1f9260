import Foundation
import Testing

/// A value that has to be equal after encoding and decoding: a row of a table of records.
package struct Record: Sendable, CustomTestStringConvertible {
  /// The type's name, with the types around it.
  package let testDescription: String
  private let check: @Sendable () throws -> Void

  /// A row for one value, which may be computed.
  package init<Value: Codable & Equatable & Sendable>(
    _ value: @autoclosure @escaping @Sendable () throws -> Value
  ) {
    testDescription = String(reflecting: Value.self)
    check = {
      let value = try value()
      let data = try JSONEncoder().encode(value)
      #expect(try JSONDecoder().decode(Value.self, from: data) == value)
    }
  }

  /// Expects the decoded value to be equal.
  package func roundTrips() throws { try check() }
}

import Streams
import TestSupport

/// A document of a stream as a golden file holds it.
struct StreamRow: Decodable {
  var columns: [Int32]
  var values: [Double]
  var labels: [Int32]

  var example: StreamExample {
    StreamExample(columns: columns, values: values, labels: labels)
  }
}

/// The cases of a golden file.
func streamCases<Case: Decodable>(_: Case.Type, _ name: String) throws -> [Case] {
  try Golden<Case>(name).cases
}

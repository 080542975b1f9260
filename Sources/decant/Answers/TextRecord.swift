import Storage

/// A text to answer, with its name and the columns that its answer carries.
struct TextRecord {
  /// Its id, or its number among the inputs, from 1.
  var id: String
  /// Whether `id` comes from the input.
  var isNamed = false
  var text: String
  /// The kept columns, in the order of the option.
  var kept: [(name: String, value: JSONValue)] = []
}

extension TextRecord {
  /// The names of kept columns in answers: their own, unless an answer has a value of that name.
  static func names(ofKept columns: [String], avoiding taken: [String]) -> [String] {
    columns.map { taken.contains($0) ? "input_" + $0 : $0 }
  }
}

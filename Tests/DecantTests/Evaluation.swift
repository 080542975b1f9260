import Foundation
import TestSupport
import Testing

/// The output of `decant evaluate --json`.
struct Evaluation: Decodable {
  /// The numbers by name, groups aside.
  var values: [String: Double]
  /// Means over labels by name.
  var macro: [String: Double]
  /// Ten groups of labels.
  var deciles: [[String: Double]]
  /// A and B.
  var propensity: [String: Double]
  /// Which documents.
  var split: String
  /// Notes for the reader.
  var notes: [String]

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    macro = try container.decode([String: Double].self, forKey: Key(stringValue: "macro"))
    deciles = try container.decode([[String: Double]].self, forKey: Key(stringValue: "deciles"))
    propensity = try container.decode([String: Double].self, forKey: Key(stringValue: "propensity"))
    split = try container.decode(String.self, forKey: Key(stringValue: "split"))
    notes = try container.decode([String].self, forKey: Key(stringValue: "notes"))
    values = [:]
    for key in container.allKeys
    where !["macro", "deciles", "propensity", "split", "notes"].contains(key.stringValue) {
      values[key.stringValue] = try container.decode(Double.self, forKey: key)
    }
  }

  /// Evaluates the run in the folder `run`.
  static func of(_ run: String, _ options: String...) throws -> Evaluation {
    let outcome = try DecantProgram.succeed(["evaluate", run, "--json"] + options)
    return try JSONDecoder().decode(Evaluation.self, from: Data(outcome.output.utf8))
  }
}

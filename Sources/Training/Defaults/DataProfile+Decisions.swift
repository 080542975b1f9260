import Models
import Storage

extension DataProfile {
  /// The defaults that `decant train` takes because of the data, and those that it tries in a pilot, one
  /// sentence each.
  package var decisions: [String] {
    var lines = DefaultRule.rules(for: self).map { rule in
      // A list of features is too long to read.
      rule.setting == "features.families"
        ? "train takes other features: \(rule.reason)"
        : "train takes \(rule.setting) \(rule.value.json): \(rule.reason)"
    }
    let candidates = DefaultCandidate.candidates(for: self).map(\.name)
    let memory = documents >= MemoryFit.leastDocuments ? ["a memory of documents"] : []
    if !(candidates + memory).isEmpty {
      lines.append("train tries in a pilot: " + (candidates + memory).joined(separator: ", "))
    }
    return lines
  }
}

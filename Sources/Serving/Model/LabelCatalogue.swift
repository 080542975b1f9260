import Foundation
import Synchronization

/// The labels by name, for whoever looks one up while the model is busy.
final class LabelCatalogue: Sendable {
  /// What is known of a label.
  struct Entry: Codable, Hashable, Sendable {
    /// Its name.
    var id: String
    /// Its text, where it was added with one.
    var text: String?
    /// How many training documents have it; nil for a label that was added.
    var documents: Int?
  }

  private let entries: Mutex<(all: [Entry], number: [String: Int])>

  /// Takes in labels.
  init(_ labels: [Entry]) {
    entries = Mutex(
      (labels, Dictionary(labels.enumerated().map { ($1.id, $0) }) { first, _ in first }))
  }

  /// How many there are.
  var count: Int { entries.withLock { $0.all.count } }

  /// A label by its name.
  subscript(id: String) -> Entry? {
    entries.withLock { entries in entries.number[id].map { entries.all[$0] } }
  }

  /// The first of the names that is not a label's.
  func firstUnknown(in ids: [String]) -> String? {
    entries.withLock { entries in ids.first { entries.number[$0] == nil } }
  }

  /// Takes in one more.
  func add(_ entry: Entry) {
    entries.withLock { entries in
      entries.number[entry.id] = entries.all.count
      entries.all.append(entry)
    }
  }

  /// Labels whose name contains `part`, whatever its case, in their order.
  func search(_ part: String, limit: Int) -> (found: [Entry], total: Int) {
    let all = entries.withLock { $0.all }
    let wanted = part.lowercased()
    let found =
      wanted.isEmpty ? all : all.filter { $0.id.lowercased().contains(wanted) }
    return (Array(found.prefix(limit)), found.count)
  }
}

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

  private struct State {
    var all: [Entry] = []
    var number: [String: Int] = [:]
    var addedCount = 0

    mutating func add(_ entry: Entry) {
      guard number[entry.id] == nil else { return }
      number[entry.id] = all.count
      all.append(entry)
      if entry.documents == nil { addedCount += 1 }
    }
  }

  private let state = Mutex(State())

  /// Takes in labels; of two of one name, the first.
  init(_ labels: [Entry]) { replaceAll(with: labels) }

  /// How many there are.
  var count: Int { state.withLock { $0.all.count } }

  /// How many of them were added.
  var addedCount: Int { state.withLock { $0.addedCount } }

  /// A label by its name.
  subscript(id: String) -> Entry? {
    state.withLock { state in state.number[id].map { state.all[$0] } }
  }

  /// The first of the names that is not a label's.
  func firstUnknown(in ids: [String]) -> String? {
    state.withLock { state in ids.first { state.number[$0] == nil } }
  }

  /// Takes in one more.
  func add(_ entry: Entry) { state.withLock { $0.add(entry) } }

  /// Takes in labels in place of all others.
  func replaceAll(with labels: [Entry]) {
    var new = State()
    for label in labels { new.add(label) }
    state.withLock { $0 = new }
  }

  /// Labels whose name contains `part`, whatever its case, in their order.
  ///
  /// - Returns: at most `limit` of them, after the first `offset`; and how many there are in all.
  func search(_ part: String, offset: Int = 0, limit: Int) -> (found: [Entry], total: Int) {
    let all = state.withLock { $0.all }
    let wanted = part.lowercased()
    let found =
      wanted.isEmpty ? all : all.filter { $0.id.lowercased().contains(wanted) }
    return (Array(found.dropFirst(offset).prefix(limit)), found.count)
  }
}

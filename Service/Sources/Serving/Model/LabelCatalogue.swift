import Foundation
import Synchronization

/// The labels by name, for lookups while the model is busy.
final class LabelCatalogue: Sendable {
  /// A label's data.
  struct Entry: Codable, Hashable, Sendable {
    /// Its name.
    var id: String
    /// Its text, if it has one.
    var text: String?
    /// The number of training documents with it; nil for an added label.
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

    mutating func remove(_ id: String) {
      guard let index = number.removeValue(forKey: id) else { return }
      if all.remove(at: index).documents == nil { addedCount -= 1 }
      for later in index..<all.count { number[all[later].id] = later }
    }
  }

  private let state = Mutex(State())

  /// Creates a catalogue; of several labels with the same name the first is kept.
  init(_ labels: [Entry]) { replaceAll(with: labels) }

  /// The number of labels.
  var count: Int { state.withLock { $0.all.count } }

  /// The number of added labels.
  var addedCount: Int { state.withLock { $0.addedCount } }

  /// A label by its name.
  subscript(id: String) -> Entry? {
    state.withLock { state in state.number[id].map { state.all[$0] } }
  }

  /// The first name that does not belong to a label.
  func firstUnknown(in ids: [String]) -> String? {
    state.withLock { state in ids.first { state.number[$0] == nil } }
  }

  /// Adds a label.
  func add(_ entry: Entry) { state.withLock { $0.add(entry) } }

  /// Removes a label, if there is one of that name.
  func remove(_ id: String) { state.withLock { $0.remove(id) } }

  /// Replaces all labels.
  func replaceAll(with labels: [Entry]) {
    var new = State()
    for label in labels { new.add(label) }
    state.withLock { $0 = new }
  }

  /// Searches for labels whose name or text contains `part`, ignoring case, in order.
  ///
  /// - Returns: at most `limit` matches after the first `offset`, and the total number of matches.
  func search(_ part: String, offset: Int = 0, limit: Int) -> (found: [Entry], total: Int) {
    let all = state.withLock { $0.all }
    let wanted = part.lowercased()
    let found =
      wanted.isEmpty
      ? all
      : all.filter {
        $0.id.lowercased().contains(wanted) || $0.text?.lowercased().contains(wanted) == true
      }
    return (Array(found.dropFirst(offset).prefix(limit)), found.count)
  }
}

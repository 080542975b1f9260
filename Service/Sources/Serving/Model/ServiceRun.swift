/// A run to serve: its name, its model, and the file for its labels and feedback.
public struct ServiceRun: Sendable {
  /// The name by which clients choose it.
  public var name: String
  /// The runs of its model.
  public var source: ModelSource
  /// The path of its store; created if it does not exist.
  public var store: String

  /// Combines a name, a model and a store.
  public init(name: String, source: ModelSource, store: String) {
    self.name = name
    self.source = source
    self.store = store
  }
}

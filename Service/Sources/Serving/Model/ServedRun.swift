import Logging
import Models

/// An opened run: its model on its thread, with its labels and its feedback.
struct ServedRun: Sendable {
  let name: String
  let source: ModelSource
  /// The state of the folders when it was opened.
  let opened: [RunFolder.Stamp]
  let model: CurrentModel
  let thread: ModelThread
  let catalogue: LabelCatalogue
  let store: ServiceStore
  let lock: StoreLock
  /// Labels are added and removed one at a time.
  let labelChanges = Turnstile()

  /// Opens a run and starts the thread of its model.
  ///
  /// - Throws: `InputError`, also for a store that cannot be opened; `FileError`, also for a store
  ///   in use by another service; `TorchError`.
  init(
    _ run: ServiceRun, settings: ServiceConfiguration, observation: Observation, logger: Logger
  ) throws {
    name = run.name
    source = run.source
    var new = try source.open()
    lock = try StoreLock(store: run.store)
    store = try ServiceStore(path: run.store, limit: settings.maximumStoreSize)
    logger.warn(of: try new.addKept(store.labels()))
    opened = new.stamps
    catalogue = LabelCatalogue(new.labels)
    model = CurrentModel(new.description)
    thread = ModelThread(
      new.engine, limits: settings.queue, observing: observation.measurements(ofRun: name))
  }

  /// The description of the model.
  var description: ModelDescription {
    var description = model.description
    description.name = name
    description.labels = catalogue.count
    return description
  }

  /// Ends the thread and releases the store.
  func close() throws {
    thread.stop()
    defer { lock.release() }
    try store.close()
  }
}

/// The runs of a service, by name.
struct ServedRuns: Sendable {
  let all: [ServedRun]

  /// - Precondition: there is at least one.
  init(_ all: [ServedRun]) {
    precondition(!all.isEmpty, "there are no runs to serve")
    self.all = all
  }

  /// The run of the paths that name none.
  var first: ServedRun { all[0] }

  /// A run by its name.
  subscript(name: String) -> ServedRun? { all.first { $0.name == name } }

  /// The names, in order, for messages.
  var list: String { all.map(\.name).joined(separator: ", ") }

  /// The state of each run's folder.
  var states: [String: Health.RunState] {
    Dictionary(all.map { ($0.name, $0.model.run) }, uniquingKeysWith: { first, _ in first })
  }
}

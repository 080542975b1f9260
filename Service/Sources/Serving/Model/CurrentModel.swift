import Synchronization

/// The description of the served model, which may be replaced.
final class CurrentModel: Sendable {
  private struct State {
    var description: ModelDescription
    var run = Health.RunState.current
  }

  private let state: Mutex<State>

  init(_ description: ModelDescription) { state = Mutex(State(description: description)) }

  /// The description of the served model.
  var description: ModelDescription {
    get { state.withLock { $0.description } }
    set { state.withLock { $0.description = newValue } }
  }

  /// The state of its run's folder.
  var run: Health.RunState {
    get { state.withLock { $0.run } }
    set { state.withLock { $0.run = newValue } }
  }
}

/// What one look at the installation came to.
struct Finding: Encodable {
  /// Whether something is to be done.
  enum State: String, Encodable {
    case ok, warn, fail
  }

  /// What was looked at, in a word or two.
  var name: String
  var state: State
  /// What was found.
  var found: String
  /// What to do; nil where all is well.
  var advice: String?

  static func ok(_ name: String, _ found: String) -> Finding {
    Finding(name: name, state: .ok, found: found, advice: nil)
  }

  static func warn(_ name: String, _ found: String, _ advice: String) -> Finding {
    Finding(name: name, state: .warn, found: found, advice: advice)
  }

  static func fail(_ name: String, _ found: String, _ advice: String) -> Finding {
    Finding(name: name, state: .fail, found: found, advice: advice)
  }

  /// For people: one line, and a second one with what to do.
  var lines: String {
    let padding = String(repeating: " ", count: max(1, 14 - name.count))
    let mark = state == .ok ? "ok  " : state == .warn ? "warn" : "FAIL"
    return "\(mark)  \(name)\(padding)\(found)\n" + (advice.map { "      → \($0)\n" } ?? "")
  }
}

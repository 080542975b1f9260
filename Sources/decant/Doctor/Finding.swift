/// The result of one check of the installation.
struct Finding: Encodable {
  /// Whether the user has to do something.
  enum State: String, Encodable {
    case ok, warn, fail
  }

  /// The subject of the check, in a word or two.
  var name: String
  var state: State
  /// The result.
  var found: String
  /// The remedy; nil if all is well.
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

  /// One line for people, and a second one with the remedy.
  var lines: String {
    let padding = String(repeating: " ", count: max(1, 14 - name.count))
    let mark = state == .ok ? "ok  " : state == .warn ? "warn" : "FAIL"
    return "\(mark)  \(name)\(padding)\(found)\n" + (advice.map { "      → \($0)\n" } ?? "")
  }
}

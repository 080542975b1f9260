import Storage

/// A default that was chosen by looking at the data.
public struct ChosenDefault: Codable, Hashable, Sendable {
  /// The setting, by its path in the configuration, such as `optimization.batchSize`.
  public var setting: String
  /// The value, as JSON.
  public var value: String
  /// Why it was chosen.
  public var reason: String

  /// Records a choice.
  public init(setting: String, value: String, reason: String) {
    self.setting = setting
    self.value = value
    self.reason = reason
  }
}

extension [ChosenDefault] {
  /// A line for each reason, with the settings that it explains.
  package var sentences: [String] {
    var reasons: [String] = []
    for choice in self where !reasons.contains(choice.reason) { reasons.append(choice.reason) }
    return reasons.map { reason in
      let names = filter { $0.reason == reason }.map { choice in
        let name = choice.setting.split(separator: ".").last ?? ""
        return choice.value.count > 30 ? "other \(name)" : "\(name) \(choice.value)"
      }
      return "defaults: \(names.joined(separator: ", ")) (\(reason))"
    }
  }
}

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

/// The defaults that were chosen by the data, and the cost of choosing.
package struct DataChoice: Codable, Hashable, Sendable {
  /// The defaults.
  package var defaults: [ChosenDefault]
  /// CPU seconds, pilots included; nil if nothing was to choose.
  package var pilotCPUSeconds: Double?

  /// Records a choice.
  package init(defaults: [ChosenDefault] = [], pilotCPUSeconds: Double? = nil) {
    (self.defaults, self.pilotCPUSeconds) = (defaults, pilotCPUSeconds)
  }

  /// Reads the form of this version, or the list that older ones wrote.
  package init(from decoder: any Decoder) throws {
    guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
      self.init(defaults: try [ChosenDefault](from: decoder))
      return
    }
    self.init(
      defaults: try container.decode([ChosenDefault].self, forKey: .defaults),
      pilotCPUSeconds: try container.decodeIfPresent(Double.self, forKey: .pilotCPUSeconds))
  }
}

extension [ChosenDefault] {
  /// A line for each reason, with the settings that it explains.
  package var sentences: [String] {
    var reasons: [String] = []
    for choice in self where !reasons.contains(choice.reason) { reasons.append(choice.reason) }
    return reasons.map { reason in
      let names = filter { $0.reason == reason }.map { choice in
        let parts = choice.setting.split(separator: ".")
        let name = (parts.first == "memory" ? "memory " : "") + (parts.last ?? "")
        return choice.value.count > 30 ? "other \(name)" : "\(name) \(choice.value)"
      }
      return "defaults: \(names.joined(separator: ", ")) (\(reason))"
    }
  }
}

import Models
import Storage

/// Settings as paths and values, such as `loss.decoupledSoftmax.temperature` and `1`.
enum FlatSettings {
  /// The values of a configuration in the order of the table of settings, without nulls.
  static func of(_ configuration: TrainingConfiguration) -> [(key: String, value: String)] {
    let values = SettingsDraft(configuration).values
    let loss = configuration.loss
    return Setting.all.flatMap { leaves(of: values[$0.path], at: $0.path) }
      + (loss.isOffered ? [] : leaves(of: JSONValue(encoding: loss), at: "loss"))
  }

  /// The leaves of a value.
  ///
  /// A list of numbers is one leaf.
  static func leaves(of value: JSONValue?, at path: String) -> [(key: String, value: String)] {
    switch value {
    case nil, .null: []
    case .object(let members):
      members.flatMap { leaves(of: $0.element.value, at: "\(path).\($0.name)") }
    case .array(let elements) where elements.contains { !$0.value.members.isEmpty }:
      elements.enumerated().flatMap { leaves(of: $1.value, at: "\(path)[\($0)]") }
    case .string(let text): [(path, text)]
    case .some(let value): [(path, value.json)]
    }
  }
}

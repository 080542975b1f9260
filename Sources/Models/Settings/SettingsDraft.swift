import Datasets
import Extreme
import Foundation
package import Storage

/// A configuration in the making: the defaults or a run's settings, then a file, then options.
///
/// It knows which settings the user chose, as some defaults depend on other settings.
package struct SettingsDraft: Sendable {
  /// The values by path; those of missing groups and nulls are left out.
  package var values: [String: JSONValue]
  private var chosen: Set<String> = []
  /// The settings whose defaults follow from the data.
  private var suggested: Set<String> = []
  /// The loss of a run that no option names.
  private var unknownLoss: UnknownLoss?

  /// The defaults.
  package init() { values = Self.values(of: TrainingConfiguration(dataset: "")) }

  /// The settings of a run, all of them chosen.
  package init(_ configuration: TrainingConfiguration) {
    values = Self.values(of: configuration)
    chosen = Set(Setting.all.map(\.path))
    unknownLoss = configuration.loss.value as? UnknownLoss
  }

  private static func values(of configuration: TrainingConfiguration) -> [String: JSONValue] {
    let root = JSONValue(encoding: configuration)
    return Setting.all.reduce(into: [:]) { values, setting in
      guard !setting.kind.isGroup else { return }
      values[setting.path] = setting.path.split(separator: ".").reduce(root) { value, name in
        value?.members.first { $0.name == name }?.element.value
      }
    }
  }

  /// The default of every setting, also of those in groups that are missing by default.
  package static let usual: [String: JSONValue] = {
    var complete = TrainingConfiguration(dataset: "")
    complete.model.wide = .init()
    complete.memory = .init()
    complete.data = .init()
    complete.transformer = TransformerSettings(checkpoint: "")
    complete.teacher = TeacherConfiguration(runs: [])
    complete.robust = .init()
    complete.imbalance = .init()
    complete.negatives = NegativeConfiguration(filter: FalseNegativeFilter())
    return TrainingLoss.kinds.reduce(into: [:]) { values, kind in
      complete.loss = TrainingLoss(kind.usual)
      values.merge(Self.values(of: complete)) { $1 }
    }
  }()

  /// Whether a group is there.
  package func contains(_ group: String) -> Bool {
    values.keys.contains { $0.hasPrefix(group + ".") }
  }

  /// The option that adds a missing group around a setting; nil if the setting adds it.
  package func adderOfMissingGroup(around setting: Setting) -> String? {
    let own = setting.option.map { "--\($0.name)" }
    return Setting.all.first {
      setting.path.hasPrefix($0.path + ".") && $0.adder != nil && $0.adder != own
        && !contains($0.path)
    }?.adder
  }

  /// Adds a group with its defaults, unless it is there.
  package mutating func add(_ group: String) {
    guard !contains(group) else { return }
    if group.hasPrefix("loss.") {
      let temperature = values.first {
        $0.key.hasSuffix(".temperature") && $0.key.hasPrefix("loss.")
      }
      remove("loss")
      unknownLoss = nil
      values["\(group).temperature"] = temperature?.value
    }
    let inner = Setting.all.filter { $0.isOptionalGroup && $0.path.hasPrefix(group + ".") }
    for (path, value) in Self.usual where path.hasPrefix(group + ".") && values[path] == nil {
      if !inner.contains(where: { path.hasPrefix($0.path + ".") }) { values[path] = value }
    }
  }

  /// Removes a group.
  package mutating func remove(_ group: String) {
    values = values.filter { !$0.key.hasPrefix(group + ".") }
  }

  /// Whether the user chose a setting, or added or removed the group around it.
  package func isChosen(_ path: String) -> Bool {
    chosen.contains { path == $0 || path.hasPrefix($0 + ".") }
  }

  /// Stores a default that follows from the data, for a setting that the user did not choose; adds
  /// the groups around it that are missing.
  ///
  /// - Parameter value: the value; for the path `loss`, the name of a loss.
  package mutating func suggest(_ value: JSONValue, for path: String) {
    if path == "loss", case .string(let name) = value { return add("loss.\(name)") }
    for group in Setting.all where group.isOptionalGroup && path.hasPrefix(group.path + ".") {
      add(group.path)
    }
    values[path] = value
    suggested.insert(path)
  }

  /// The path of the temperature of the chosen loss.
  package var temperaturePath: String? {
    values.keys.first { $0.hasPrefix("loss.") && $0.hasSuffix(".temperature") }
  }

  /// Adds the settings that another draft's user chose.
  package mutating func add(chosenIn other: SettingsDraft) {
    for path in other.chosen { values[path] = other.values[path] }
    chosen.formUnion(other.chosen)
  }

  /// Checks a value and stores it; adds the groups around it that are missing.
  ///
  /// - Throws: `SettingFault`.
  package mutating func set(_ setting: Setting, to element: JSONValue.Element) throws(SettingFault)
  {
    try setting.check(element)
    for group in Setting.all where group.isOptionalGroup && setting.path.hasPrefix(group.path + ".")
    {
      add(group.path)
    }
    let isNull = element.value == .null
    if setting.path == "loss" {
      let names = element.value.members.map(\.name)
      guard names.count == 1 else {
        throw SettingFault(
          position: element.position, reason: "\(names.count) losses are named",
          expected: "one of \(TrainingLoss.kinds.map(\.name).joined(separator: ", "))")
      }
      add("loss.\(names[0])")
      chosen.insert(setting.path)
    } else if setting.kind.isGroup {
      isNull ? remove(setting.path) : add(setting.path)
      if setting.isOptionalGroup { chosen.insert(setting.path) }
    } else if isNull, setting.isDerived {
      return
    } else {
      // A learning rate chosen for Adagrad does not suit plain gradient descent.
      if setting.path == "model.wide.method", values[setting.path] != element.value {
        chosen.remove("model.wide.learningRate")
      }
      values[setting.path] = isNull ? nil : element.value
      chosen.insert(setting.path)
    }
  }

  /// The settings, after filling in the defaults that depend on other settings.
  ///
  /// - Throws: `InputError` when the transformer's checkpoint names an impossible length; `ValueError`
  ///   when they are those of a run with a loss of another program.
  package func completed() throws -> TrainingConfiguration {
    if let unknownLoss { throw unknownLoss.fault }
    func tree(_ settings: [Setting]) -> JSONValue {
      .object(
        settings.compactMap { setting in
          let value =
            setting.kind.isGroup
            ? (contains(setting.path) ? tree(setting.members) : nil) : values[setting.path]
          return value.map { .init(setting.name, .init($0)) }
        })
    }
    var result = try decodeJSON(
      TrainingConfiguration.self, from: Data(tree(TrainingConfiguration.settings).json.utf8),
      file: "settings")
    if !chosen.contains("threads") { result.threads = MachineShare.current.processors }
    if !chosen.union(suggested).contains(where: {
      $0.hasPrefix("loss.") && $0.hasSuffix(".temperature")
    }) {
      // Scores of unit vectors lie within ±1: undivided, they cannot make a softmax sharp.
      result.loss.temperature = result.model.encoder.isNormalized ? 0.05 : 1
    }
    if let method = result.model.wide?.method,
      !chosen.union(suggested).contains("model.wide.learningRate")
    {
      result.model.wide?.learningRate = SparseLinear.Configuration.usualRate(method)
    }
    if let path = result.transformer?.checkpoint, !chosen.contains("transformer.maximumLength"),
      let length = try CheckpointFolder(path: path).maximumLength()
    {
      result.transformer?.maximumLength = length
    }
    return result
  }
}

extension SettingsDraft {
  /// Reads a group of a settings file.
  ///
  /// - Throws: `SettingFault` for an unknown key, or a value of another kind or out of range.
  mutating func read(
    _ element: JSONValue.Element, by settings: [Setting] = TrainingConfiguration.settings,
    of group: String = ""
  ) throws(SettingFault) {
    for (setting, value) in try Self.pairs(element, settings, of: group) {
      if case .array(let elements) = value.value, case .groups = setting.kind {
        values[setting.path] = .array(
          try elements.map { element throws(SettingFault) in
            .init(try Self.completed(element, of: setting))
          })
        chosen.insert(setting.path)
      } else {
        try set(setting, to: value)
        if setting.kind.isGroup, value.value != .null {
          try read(value, by: setting.members, of: setting.path)
        }
        if Setting.openAsUsual.contains(setting.path), Self.isUsual(value.value, of: setting) {
          chosen.remove(setting.path)
        }
      }
    }
  }

  /// Whether a value is the default, or a group that says no more than its defaults.
  private static func isUsual(_ value: JSONValue, of setting: Setting) -> Bool {
    guard setting.path == "loss" else { return value == setting.usual }
    guard let named = value.members.first, named.name == setting.members.first?.name else {
      return false
    }
    return named.element.value.members.allSatisfy { member in
      let inner = setting.members[0].members.first { $0.name == member.name }
      return member.element.value == .null || member.element.value == inner?.usual
    }
  }

  /// An element of a list of groups; keys that it leaves out are as in the first default element.
  private static func completed(_ element: JSONValue.Element, of list: Setting)
    throws(SettingFault) -> JSONValue
  {
    let pairs = try pairs(element, list.members, of: list.path)
    for (setting, value) in pairs { try setting.check(value) }
    guard case .array(let usual) = list.usual, let first = usual.first else { return element.value }
    return .object(
      first.value.members.map { member in
        let given = pairs.first { $0.setting.name == member.name }
        return given.map { .init(member.name, $0.value) } ?? member
      })
  }

  /// The values of a group with their settings.
  private static func pairs(_ element: JSONValue.Element, _ settings: [Setting], of group: String)
    throws(SettingFault) -> [(setting: Setting, value: JSONValue.Element)]
  {
    guard case .object(let members) = element.value else {
      throw SettingFault(
        position: element.position,
        reason: "\(group.isEmpty ? "the file" : group) is \(element.value.described)",
        expected: "{…}")
    }
    return try members.map { member throws(SettingFault) in
      if let setting = settings.first(where: { $0.name == member.name }) {
        return (setting, member.element)
      }
      let known = settings.map(\.name)
      var expected = "one of \(known.joined(separator: ", "))"
      if let near = known.nearest(to: member.name) {
        expected = "\"\(near)\""
      } else if let far = Setting.all.map(\.path).nearest(
        to: member.name, by: { String($0.split(separator: ".").last ?? "") })
      {
        expected += "; or did you mean \(far)?"
      }
      throw SettingFault(
        position: member.position,
        reason: "the key \"\(member.name)\"\(group.isEmpty ? "" : " in \(group)") is not known",
        expected: expected)
    }
  }
}

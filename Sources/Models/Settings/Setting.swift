package import Storage

/// One setting of a training run: its key, its kind, its option, and the text that people read.
///
/// The settings form a tree, `TrainingConfiguration.settings`. Settings files, their templates and
/// checks, command-line options, their help and the comparison of runs all read it. A setting's path
/// is that of its value in the JSON of a `TrainingConfiguration`.
package struct Setting: Sendable {
  /// The keys that lead to the value, such as `loop.epochs`.
  package private(set) var path: String
  /// A sentence that says what the setting does.
  package let text: String
  package let kind: SettingKind
  package let option: SettingOption?
  /// Where the default comes from.
  let origin: String
  /// Words for `null`; nil where a file must not say it.
  let null: String?
  /// Whether `null` stands for a default that depends on other settings.
  package let isDerived: Bool
  /// Words for the default in the help of the option, where the value does not say it.
  let usualWords: String?
  /// When the option has an effect.
  package private(set) var condition: SettingCondition?
  /// The settings of a group; those of one element of a list.
  private(set) var members: [Setting] = []
  /// The option that adds an optional group; nil where any option of the group adds it.
  private(set) var adder: String?

  init(
    _ name: String, _ text: String, _ kind: SettingKind, _ option: SettingOption? = nil,
    from origin: String = "ours", null: String? = nil, isDerived: Bool = false,
    usual usualWords: String? = nil, needs condition: SettingCondition? = nil
  ) {
    (path, self.text, self.kind, self.option) = (name, text, kind, option)
    (self.origin, self.null, self.isDerived) = (origin, null, isDerived)
    (self.usualWords, self.condition) = (usualWords, condition)
  }

  /// A group.
  ///
  /// - Parameters:
  ///   - null: words for a group that is missing; nil for one that is always there.
  ///   - adder: the option that adds it; nil where any option of the group does.
  init(
    _ name: String, _ text: String, _ kind: SettingKind = .group, _ option: SettingOption? = nil,
    from origin: String = "ours", null: String? = nil, usual usualWords: String? = nil,
    addedBy adder: String? = nil, needs condition: SettingCondition? = nil,
    members: [Setting]
  ) {
    self.init(
      name, text, kind, option, from: origin, null: null, usual: usualWords, needs: condition)
    self.adder = adder
    self.members = members.map { $0.moved(into: name, condition) }
  }

  private func moved(into group: String, _ condition: SettingCondition?) -> Setting {
    var result = self
    result.path = "\(group).\(path)"
    result.condition = self.condition ?? condition
    result.members = members.map { $0.moved(into: group, condition) }
    return result
  }

  /// The last key of the path.
  var name: String { path.split(separator: ".").last.map(String.init) ?? path }

  /// Whether it is a group that may be missing.
  var isOptionalGroup: Bool { kind.isGroup && (null != nil || adder != nil) }

  /// Every setting, a group before its members, in the order of a new file.
  package static let all: [Setting] = {
    func flat(_ settings: [Setting]) -> [Setting] {
      settings.flatMap { [$0] + ($0.kind.isGroup ? flat($0.members) : []) }
    }
    return flat(TrainingConfiguration.settings)
  }()

  /// The settings whose default may follow from the data; see `DataDefaults`.
  package static let followingData: Set<String> = [
    "features.families", "features.minimumDocumentCount", "model.labels",
    "model.encoder.isNormalized",
    "model.encoder.hiddenDimensions", "optimization.batchSize", "optimization.tableLearningRate",
    "optimization.learningRate", "optimization.featureDropout", "loop.epochs",
    "memory", "memory.neighbours", "memory.temperature", "memory.weight",
  ]

  /// The settings that a new file names although their default may follow from the data: there the
  /// default's value leaves them open.
  static let openAsUsual: Set<String> = ["loss", "model.wide", "model.encoder.initialScale"]

  /// Whether the default may follow from the data.
  var followsData: Bool { Self.followingData.contains(path) }

  /// The default.
  package var usual: JSONValue { SettingsDraft.usual[path] ?? .null }

  /// Checks the kind and the range of a value.
  ///
  /// - Throws: `SettingFault`.
  package func check(_ element: JSONValue.Element) throws(SettingFault) {
    if element.value == .null, null != nil { return }
    guard let expected = kind.expectation(insteadOf: element.value) else { return }
    throw SettingFault(
      position: element.position, reason: "\(path) is \(element.value.described)",
      expected: expected)
  }
}

extension String {
  /// The origin of defaults that were tuned on the validation part of `debian-tags`.
  static let tuned = "ours, tuned"
}

/// When an option has an effect, and words for the option that it needs to have one.
package struct SettingCondition: Sendable {
  package let words: String
  package let isMet: @Sendable (TrainingConfiguration) -> Bool

  init(_ words: String, isMet: @escaping @Sendable (TrainingConfiguration) -> Bool) {
    (self.words, self.isMet) = (words, isMet)
  }
}

/// A value that a setting refuses.
package struct SettingFault: Error {
  /// The byte of the file where the value begins.
  var position = 0
  /// The setting and its value.
  package var reason: String
  package var expected: String
}

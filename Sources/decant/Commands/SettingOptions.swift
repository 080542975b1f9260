import ArgumentParser
import Datasets
import Extreme
import Models
import Storage
import Training

/// A part of the table of settings, for `SettingOptions`.
protocol SettingPart { static var section: SettingOption.Section { get } }

enum DataPart: SettingPart { static let section = SettingOption.Section.data }
enum FilePart: SettingPart { static let section = SettingOption.Section.parts }
enum RunPart: SettingPart { static let section = SettingOption.Section.run }
enum StepPart: SettingPart { static let section = SettingOption.Section.steps }
enum ModelPart: SettingPart { static let section = SettingOption.Section.model }
enum LossPart: SettingPart { static let section = SettingOption.Section.loss }
enum TeacherPart: SettingPart { static let section = SettingOption.Section.teacher }
enum WidePart: SettingPart { static let section = SettingOption.Section.wide }
enum TransformerPart: SettingPart { static let section = SettingOption.Section.transformer }
enum NegativePart: SettingPart { static let section = SettingOption.Section.negatives }

/// The options of one part of the table of settings.
///
/// The argument parser finds a type's options in its mirror and reads their values with a decoder.
/// Both are written by hand here, as only the table knows the options.
struct SettingOptions<Part: SettingPart>: ParsableArguments, CustomReflectable {
  /// The options that the command line contains, in the order of the table.
  let given: [GivenSetting]

  init() { given = [] }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: OptionDeclaration.Key.self)
    given = try Self.declarations.compactMap { try $0.read(container) }
  }

  func validate() throws {
    for option in given { _ = try option.value() }
    for (first, second) in zip(given, given.dropFirst())
    where first.setting.path == second.setting.path {
      throw ValidationError("--\(first.name) and --\(second.name) exclude each other.")
    }
  }

  var customMirror: Mirror {
    Mirror(self, children: Self.declarations.map { (label: $0.name, value: $0.wrapper) })
  }

  private static var declarations: [OptionDeclaration] {
    var names: Set<String> = []
    return Setting.all.flatMap { setting -> [OptionDeclaration] in
      guard let option = setting.option, option.section == Part.section,
        names.insert(option.name).inserted
      else { return [] }
      return OptionDeclaration.all(of: setting, option)
    }
  }
}

extension SettingOptions<DataPart> {
  /// How to treat malformed lines.
  var badLines: BadLinePolicy { given.contain("skip-bad") ? .skip : .refuse }
}

/// The declaration of an option for the argument parser.
private struct OptionDeclaration {
  let name: String
  /// The property wrapper that declares it.
  let wrapper: Any
  let read: (KeyedDecodingContainer<Key>) throws -> GivenSetting?

  private init<Wrapper: Decodable>(
    _ setting: Setting, _ name: String, _ wrapper: Wrapper,
    content: @escaping (Wrapper) -> GivenSetting.Content?
  ) {
    (self.name, self.wrapper) = (name, wrapper)
    read = { container in
      try content(container.decode(Wrapper.self, forKey: Key(stringValue: name))).map {
        GivenSetting(setting: setting, name: name, content: $0)
      }
    }
  }

  static func all(of setting: Setting, _ option: SettingOption) -> [OptionDeclaration] {
    let help = ArgumentHelp(
      HelpLevel.isShort ? setting.text : setting.optionHelp,
      valueName: option.name.split(separator: "-").last.map(String.init),
      visibility: option.isCommon ? .default : .rare)
    switch option.form {
    case .value:
      let words = setting.optionWords
      let completion: CompletionKind? =
        setting.kind.isPath ? .file() : words.isEmpty ? nil : .list(words)
      let wrapper = Option<String?>(
        name: .customLong(option.name), help: help, completion: completion)
      return [.init(setting, option.name, wrapper) { $0.wrappedValue.map { .word($0) } }]
    case .onOff:
      let wrapper = Flag<Bool?>(
        name: .customLong(option.name), inversion: .prefixedNo, help: help)
      return [
        .init(setting, option.name, wrapper) { flag in
          flag.wrappedValue.map { .value(setting.value(isOn: $0)) }
        }
      ]
    case .switches(let switches):
      return switches.map { one in
        let wrapper = Flag(
          wrappedValue: false, name: .customLong(one.name),
          help: ArgumentHelp(one.help, visibility: help.visibility))
        return .init(setting, one.name, wrapper) { $0.wrappedValue ? .value(one.value) : nil }
      }
    }
  }

  struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

/// An option of a setting on the command line.
struct GivenSetting {
  enum Content {
    case word(String)
    case value(JSONValue)
  }

  /// The setting; the first one, if several have the option.
  let setting: Setting
  /// The name without the dashes.
  let name: String
  fileprivate let content: Content

  /// The value.
  ///
  /// - Throws: `ValidationError` for a value of another kind or out of range.
  func value() throws -> JSONValue {
    switch content {
    case .value(let value): return value
    case .word(let word) where setting.kind.isPath: return .string(absolutePath(word))
    case .word(let word):
      do {
        return try setting.value(of: word)
      } catch {
        throw ValidationError("\(error.reason); it must be \(error.expected).")
      }
    }
  }

  /// Stores the value.
  ///
  /// If several settings have the option, it is for the one that has a value.
  ///
  /// - Throws: `ValidationError` when another option has to add the group of the setting.
  fileprivate func apply(to draft: inout SettingsDraft) throws {
    let same = Setting.all.filter { $0.option?.name == setting.option?.name }
    let target = same.first { draft.adderOfMissingGroup(around: $0) == nil } ?? setting
    if let adder = draft.adderOfMissingGroup(around: target) {
      throw ValidationError("--\(name) needs \(adder).")
    }
    try draft.set(target, to: .init(value()))
  }
}

extension [GivenSetting] {
  /// The way to read the data set; nil if no option is about it.
  ///
  /// - Throws: `ValidationError` for options that contradict each other.
  func reading() throws -> DataReading? {
    try settings(of: applied(to: SettingsDraft())).data
  }

  /// Whether one of the options has the name.
  func contain(_ name: String) -> Bool { contains { $0.name == name } }

  /// The settings of a draft with these options over them.
  ///
  /// - Throws: `ValidationError` for options that contradict each other or have no effect.
  func settings(over draft: SettingsDraft) throws -> TrainingConfiguration {
    try settings(of: applied(to: draft))
  }

  /// A draft with these options over it.
  ///
  /// - Throws: `ValidationError` when another option has to add the group of a setting.
  func applied(to draft: SettingsDraft) throws -> SettingsDraft {
    var draft = draft
    for option in self { try option.apply(to: &draft) }
    return draft
  }

  /// The settings of a draft that contains these options.
  ///
  /// - Throws: `ValidationError` for options that contradict each other or have no effect.
  func settings(of draft: SettingsDraft) throws -> TrainingConfiguration {
    var settings = try draft.completed()
    if !settings.hasBags {
      if contain("bag-hidden"), !settings.model.encoder.hiddenDimensions.isEmpty {
        throw ValidationError("--bag-hidden needs bags: --encoder bag or --encoder both.")
      }
      if settings.model.wide != nil {
        throw ValidationError(
          "--wide needs the features of bags: --encoder bag or --encoder both.")
      }
    }
    if !settings.model.sharesEncoder, settings.model.labels == .free {
      throw ValidationError("--towers separate needs --labels text or both.")
    }
    if let fault = settings.nestingFault {
      throw ValidationError("\(fault.reason); --nested takes \(fault.expected).")
    }
    do {
      try settings.checkTreatments()
    } catch let fault as ValueError {
      throw ValidationError("\(fault).")
    }
    if var negatives = settings.negatives {
      // To describe a pool is to ask for one.
      if !contain("negatives"), negatives.pool != .init() || negatives.shortlist != nil {
        negatives.labels = .pool
      }
      settings.negatives = negatives == .init() ? nil : negatives
    }
    for option in self {
      if let condition = option.setting.condition, !condition.isMet(settings) {
        throw ValidationError(
          "--\(option.name) changes nothing here: it needs \(condition.words).")
      }
    }
    return settings
  }
}

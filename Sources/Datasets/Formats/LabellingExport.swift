import Storage

/// Reads the labels that people gave documents in Label Studio or Argilla.
///
/// - Label Studio: its exports `JSON` (tasks with `annotations` of type `choices`) and `JSON-MIN`.
/// - Argilla: the records that `dataset.records.to_json` writes, with `responses`.
///
/// A label counts if more than half of the people who answered gave it. A document without such a
/// label, or without answers, is left out.
public struct LabellingExport: Sendable {
  /// The program that wrote the file.
  public enum Program: String, CaseIterable, Sendable {
    case labelStudio = "label-studio"
    case argilla
  }

  /// A labelled document.
  public struct Record: Codable, Hashable, Sendable {
    /// Its name; nil if the file has none.
    public var id: String?
    /// Its text.
    public var text: String
    /// Its labels.
    public var labels: [String]

    /// Creates a record.
    public init(id: String?, text: String, labels: [String]) {
      (self.id, self.text, self.labels) = (id, text, labels)
    }
  }

  /// The labelled documents, in the order of the file.
  public private(set) var records: [Record] = []
  /// The number of documents that were left out.
  public private(set) var unlabelled = 0

  /// Reads a file.
  ///
  /// - Throws: `FileError`; `InputError` with line and column of the first fault.
  public init(contentsOf path: String, of program: Program) throws {
    let text = try MappedFile(path: path).withBytes { bytes in
      String(validating: bytes, as: UTF8.self)
    }
    guard let text else {
      throw InputError(file: path, reason: "the file is not UTF-8", expected: "a JSON export")
    }
    let json = try JSONText(text, file: path)
    guard case .array(let elements) = json.root.value else {
      throw json.error(
        at: json.root.position, "the export is not a list", expected: "[{…}, …]")
    }
    for element in elements {
      let answers: [[String]]
      let fields: [JSONValue.Member]
      switch program {
      case .argilla:
        (fields, answers) = (element.members("fields"), Self.responses(element))
      case .labelStudio where element["data"] != nil:
        (fields, answers) = (element.members("data"), Self.annotations(element))
      case .labelStudio:
        (fields, answers) = (element.value.members, Self.minimal(element))
      }
      guard let text = Self.text(of: fields) else {
        throw json.error(
          at: element.position, "the document has no text",
          expected: "a field \"text\", or a single field of text")
      }
      let labels = Self.majority(of: answers)
      guard !labels.isEmpty else {
        unlabelled += 1
        continue
      }
      let id = element["id"] ?? fields.first { $0.name == "id" }?.element
      let named = fields.first { $0.name == "id" }?.element ?? id
      records.append(
        Record(id: named?.text, text: text.normalizedToNFC, labels: labels.map(\.normalizedToNFC)))
    }
  }

  private static func text(of fields: [JSONValue.Member]) -> String? {
    if let text = fields.first(where: { $0.name == "text" })?.element.string { return text }
    let texts = fields.filter { $0.name != "id" }.compactMap(\.element.string)
    return texts.count == 1 ? texts[0] : nil
  }

  /// The labels that more than half of the answers have, in the order of their first mention.
  private static func majority(of answers: [[String]]) -> [String] {
    var counts: [String: Int] = [:]
    for answer in answers { for label in Set(answer) { counts[label, default: 0] += 1 } }
    var seen: Set<String> = []
    return answers.joined().filter {
      2 * (counts[$0] ?? 0) > answers.count && seen.insert($0).inserted
    }
  }

  /// The choices of each person in Label Studio.
  private static func annotations(_ task: JSONValue.Element) -> [[String]] {
    task.elements("annotations").filter { $0["was_cancelled"]?.value != .boolean(true) }.map {
      $0.elements("result").flatMap { $0["value"]?["choices"]?.strings ?? [] }
    }
  }

  /// The choices in a record of `JSON-MIN`, which has one person's.
  private static func minimal(_ record: JSONValue.Element) -> [[String]] {
    let own: Set = ["id", "text", "annotator", "annotation_id", "created_at", "updated_at"]
    let choices = record.value.members.filter { !own.contains($0.name) }.compactMap { member in
      member.element["choices"]?.strings
        ?? (["labels", "label", "choice"].contains(member.name) ? member.element.strings : nil)
    }
    return choices.isEmpty ? [] : [choices.flatMap(\.self)]
  }

  /// The answers of each person in Argilla, over all questions about labels.
  private static func responses(_ record: JSONValue.Element) -> [[String]] {
    var byUser: [(user: String, labels: [String])] = []
    for question in record.members("responses") {
      for response in question.element.elements {
        let labels = response["value"]?.strings ?? []
        let user = response["user_id"]?.text ?? "\(byUser.count)"
        if let place = byUser.firstIndex(where: { $0.user == user }) {
          byUser[place].labels += labels
        } else {
          byUser.append((user, labels))
        }
      }
    }
    return byUser.map(\.labels)
  }
}

extension JSONValue.Element {
  fileprivate subscript(name: String) -> JSONValue.Element? {
    value.members.first { $0.name == name }?.element
  }

  fileprivate func members(_ name: String) -> [JSONValue.Member] { self[name]?.value.members ?? [] }
  fileprivate func elements(_ name: String) -> [JSONValue.Element] { self[name]?.elements ?? [] }

  fileprivate var elements: [JSONValue.Element] {
    if case .array(let elements) = value { elements } else { [] }
  }

  fileprivate var string: String? { if case .string(let text) = value { text } else { nil } }

  /// A string, or the digits of a number.
  fileprivate var text: String? {
    if case .number(let digits) = value { digits } else { string }
  }

  /// A string, or a list of strings.
  fileprivate var strings: [String]? {
    if let string {
      [string]
    } else if case .array(let all) = value {
      all.compactMap(\.string)
    } else {
      nil
    }
  }
}

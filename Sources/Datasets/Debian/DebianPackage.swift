/// The entry of one package in the package lists, as far as the data sets need it.
struct DebianPackage: Sendable {
  /// The fields that list related packages, in the order in which their targets become labels.
  static let relationFields: [StaticString] = [
    "Pre-Depends", "Depends", "Recommends", "Suggests", "Enhances",
  ]

  var name: String
  var version: String
  var source: String
  var section: String?
  var tags: String?
  /// The values of those `relationFields` that the package has.
  var relations: [String]
  var provides: String?
  /// The lines of the description in the package list itself, mostly just the short one.
  var description: [String]
  var descriptionKey: String

  /// Reads a stanza of a package list; nil if it has no `Filename` or no `Description-md5`, as for
  /// packages that were installed by hand and are not in any archive.
  init?(_ stanza: ControlStanza) {
    guard stanza.has("Filename"), let key = stanza.text("Description-md5"),
      let name = stanza.text("Package"), !name.isEmpty
    else { return nil }
    self.name = name
    version = stanza.text("Version") ?? ""
    let sourceWord = stanza.text("Source")?.split(separator: " ").first
    source = sourceWord.map(String.init) ?? name
    section = stanza.text("Section")
    tags = stanza.text("Tag")
    relations = Self.relationFields.compactMap { stanza.text($0) }
    provides = stanza.text("Provides")
    description = stanza.lines("Description") ?? [""]
    descriptionKey = key
  }

  /// The tags in the order of the field, each once.
  var tagNames: [String] {
    var seen: Set<Substring> = []
    return (tags ?? "").split(separator: ",").map(Self.trimmed).filter {
      !$0.isEmpty && seen.insert($0).inserted
    }.map(String.init)
  }

  /// The section without the area, `games` for `contrib/games`; nil if there is none.
  var sectionName: String? {
    guard let name = section?.split(separator: "/").last else { return nil }
    return String(name)
  }

  /// The names in a relation field: all alternatives, without versions and architectures.
  static func names(inRelation field: String) -> [String] {
    field.utf8.split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "|") }.compactMap { part in
      let name = part.drop { $0 == 0x20 || $0 == 0x09 }.prefix {
        !" \t([<:".utf8.contains($0)
      }
      return name.isEmpty ? nil : String(Substring(name))
    }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let start = text.drop { $0 == " " }
    guard let last = start.lastIndex(where: { $0 != " " }) else { return "" }
    return start[...last]
  }
}

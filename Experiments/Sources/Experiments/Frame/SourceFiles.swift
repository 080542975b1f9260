import Foundation
import Storage

/// The files of types in `Sources` and `Experiments/Sources`.
///
/// The files of a type `Name` are `Name.swift` and `Name+*.swift`, in any folder. Experiments cannot
/// name a library's internal types; their files count if a used file mentions them.
final class SourceFiles {
  private let repository: Repository
  /// The paths of all Swift files from the root, by file name.
  private let places: [String: [String]]
  /// The hashes of files that were read before, by path.
  private var known: [String: String] = [:]
  /// The internal types that these files mention, by path.
  private var mentions: [String: [String]] = [:]
  /// Whether a type of the library is internal, by name.
  private var internals: [String: Bool] = [:]

  init(_ repository: Repository) {
    self.repository = repository
    var places: [String: [String]] = [:]
    for folder in ["Sources", "Experiments/Sources"] {
      let contents = FileManager.default.enumerator(atPath: repository.path(folder))
      for case let place as String in contents ?? .init() where place.hasSuffix(".swift") {
        places[(place as NSString).lastPathComponent, default: []].append("\(folder)/\(place)")
      }
    }
    self.places = places
  }

  /// The hashes of the files that determine the results of a type, by file name.
  ///
  /// A file that moves to another folder stays the same.
  ///
  /// - Throws: `InputError` if a type has no file, or if two files share its name.
  func hashes(of type: any Dependent.Type) throws -> [String: String] {
    var hashes: [String: String] = [:]
    var seen: Set<String> = []
    var types: [Any.Type] = [type]
    var names: [String] = []
    while let type = types.popLast() {
      guard seen.insert(Self.name(of: type)).inserted else { continue }
      names.append(Self.name(of: type))
      if let dependent = type as? any Dependent.Type { types += dependent.uses }
    }
    while let name = names.popLast() {
      for path in try paths(of: name) {
        hashes[(path as NSString).lastPathComponent] = hash(path)
        names += internalTypes(in: path).filter { seen.insert($0).inserted }
      }
    }
    return hashes
  }

  /// The paths of a type's files, from the root.
  ///
  /// - Throws: `InputError` if there is no file, or if two files share its name.
  func paths(of name: String) throws -> [String] {
    let parts = places.keys.filter { $0.hasPrefix(name + "+") }
    return try ([name + ".swift"] + parts).map { file in
      guard let paths = places[file] else {
        throw InputError(
          file: file, reason: "the type \(name) has no file", expected: "a file named after it")
      }
      guard paths.count == 1 else {
        throw InputError(
          file: file, reason: "\(paths.count) files have the name of the type \(name)",
          expected: "one of \(paths.sorted().joined(separator: ", "))")
      }
      return paths[0]
    }
  }

  private func hash(_ path: String) -> String {
    if let hash = known[path] { return hash }
    let hash = repository.hash(path)
    known[path] = hash
    return hash
  }

  /// The internal types that a file of the library mentions, if they have their own file.
  private func internalTypes(in path: String) -> [String] {
    guard path.hasPrefix("Sources/") else { return [] }
    if let types = mentions[path] { return types }
    let types = Set(words(of: path)).filter { isInternal($0) }
    mentions[path] = Array(types)
    return Array(types)
  }

  private func isInternal(_ name: String) -> Bool {
    if let isInternal = internals[name] { return isInternal }
    guard let path = places[name + ".swift"]?.first, path.hasPrefix("Sources/") else {
      return false
    }
    let starts = ["struct", "final class", "class", "enum", "protocol"].flatMap {
      ["\($0) \(name)", "package \($0) \(name)"]
    }
    let isInternal = lines(of: path).contains { line in
      starts.contains { line.hasPrefix($0) && line.dropFirst($0.count).first?.isLetter != true }
    }
    internals[name] = isInternal
    return isInternal
  }

  /// The words of a file that begin with a capital letter, without comments.
  private func words(of path: String) -> [String] {
    lines(of: path).flatMap { line in
      line.utf8.split { byte in
        !(48...57).contains(byte) && !(65...90).contains(byte) && !(97...122).contains(byte)
          && byte != 95
      }
      .filter { (65...90).contains($0.first ?? 0) }.map { String(Substring($0)) }
    }
  }

  /// The lines of a file without comments.
  private func lines(of path: String) -> [Substring] {
    let bytes = FileManager.default.contents(atPath: repository.path(path)) ?? Data()
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .filter { !$0.drop { $0 == " " }.hasPrefix("//") }
  }

  /// The name of a type without its generic arguments.
  private static func name(of type: Any.Type) -> String {
    let name = String(describing: type).prefix { $0 != "<" }
    return String(name.hasPrefix("any ") ? name.dropFirst(4) : name)
  }
}

extension Repository {
  /// The hashes of the files that determine an experiment's results, by file name.
  ///
  /// - Throws: `InputError` if a type has no file, or if two files share its name.
  func sources(of experiment: any Experiment.Type) throws -> [String: String] {
    try SourceFiles(self).hashes(of: experiment)
  }
}

/// The packages that each package of an archive lists as relations.
struct DebianRelations {
  /// For each entry, the packages that it lists, in the order of the fields, each once.
  private(set) var names: [[String]] = []

  init(_ archive: DebianArchive) {
    let entries = archive.entries
    let real = Dictionary(entries.indices.map { (entries[$0].package.name, $0) }) { $1 }
    /// The only package that provides a name; nil if there are several.
    var providers: [String: Int?] = [:]
    for index in entries.indices {
      guard let provides = entries[index].package.provides else { continue }
      for name in DebianPackage.names(inRelation: provides) {
        if let known = providers[name], known != index {
          providers[name] = .some(nil)
        } else {
          providers[name] = index
        }
      }
    }
    names = entries.map { entry in
      var seen: Set<Int> = []
      var named: [String] = []
      for relation in entry.package.relations {
        for name in DebianPackage.names(inRelation: relation) {
          guard let target = real[name] ?? providers[name] ?? nil,
            entries[target].package.source != entry.package.source,
            seen.insert(target).inserted
          else { continue }
          named.append(entries[target].package.name)
        }
      }
      return named
    }
  }
}

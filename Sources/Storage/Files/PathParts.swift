/// Works on bytes: Foundation's `deletingLastPathComponent` traps on a name of one character
/// (swift-corelibs-foundation 6.3).
extension String {
  /// The parent folder of this path: "." for a bare name, "/" for an entry of the root.
  public var parentFolder: String {
    guard let slash = pathWithoutLastSlashes.utf8.lastIndex(of: UInt8(ascii: "/")) else {
      return isEmpty || utf8.first != UInt8(ascii: "/") ? "." : "/"
    }
    let parent = String(self[..<slash]).pathWithoutLastSlashes
    return parent.isEmpty ? "/" : parent
  }

  /// The last component of this path.
  public var lastPathName: String {
    let path = pathWithoutLastSlashes
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  private var pathWithoutLastSlashes: String {
    var path = utf8[...]
    while path.last == UInt8(ascii: "/") { path = path.dropLast() }
    return String(Substring(path))
  }
}

import Foundation

/// The entries of apt's source lists that point to the Debian or Ubuntu archive itself.
///
/// An entry is kept if it is an enabled `deb` entry and
/// - its host is `debian.org` or `ubuntu.com` or a subdomain, or its address is a mirror list
///   of theirs (`mirror+file:/etc/apt/mirrors/debian.list`), or its path is exactly `debian`,
///   `debian-security`, `ubuntu` or `ubuntu-ports`, or it is signed with their archive's key ring;
/// - of its components, only `main` and `universe` (where Ubuntu keeps most of Debian) are kept;
/// - its suites are not backports, proposed updates or experimental, and it is not flat.
///
/// Everything else on the machine, such as a vendor's packages, is excluded from the corpus.
enum DebianSources {
  /// The kept entries of `text`, in the form of `.sources` files (deb822), in the same form.
  static func kept(ofStanzas text: String, file: String) throws -> [String] {
    var kept: [String] = []
    try Array(text.utf8).withUnsafeBytes { bytes in
      try ControlFile.forEachStanza(in: bytes, file: file) { stanza in
        guard words(stanza.text("Types")).contains("deb"),
          stanza.text("Enabled")?.lowercased() != "no"
        else { return }
        let signer = stanza.text("Signed-By") ?? ""
        let addresses = words(stanza.text("URIs")).filter { isArchive($0, signer: signer) }
        let suites = words(stanza.text("Suites")).filter(isWanted(suite:))
        let components = words(stanza.text("Components")).filter(isWanted(component:))
        guard !addresses.isEmpty, !suites.isEmpty, !components.isEmpty else { return }
        let replaced = ["types", "uris", "suites", "components", "enabled"]
        let rest = stanza.raw.filter { !replaced.contains($0.name.lowercased()) }
        kept.append(
          """
          Types: deb
          URIs: \(addresses.joined(separator: " "))
          Suites: \(suites.joined(separator: " "))
          Components: \(components.joined(separator: " "))

          """ + rest.map { "\($0.name):\($0.value)\n" }.joined())
      }
    }
    return kept
  }

  /// The kept entries of `text`, in the form of `sources.list` (one per line), in the same form.
  static func kept(ofLines text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      let line = line.prefix { $0 != "#" }
      var rest = words(String(line))[...]
      guard rest.popFirst() == "deb" else { return nil }
      var options: [String] = []
      if rest.first?.hasPrefix("[") == true {
        while let word = rest.popFirst() {
          options.append(word)
          if word.hasSuffix("]") { break }
        }
      }
      guard let address = rest.popFirst(), let suite = rest.popFirst(), isWanted(suite: suite),
        isArchive(address, signer: options.joined(separator: " "))
      else { return nil }
      let components = rest.filter(isWanted(component:))
      guard !components.isEmpty else { return nil }
      return (["deb"] + options + [address, suite] + components).joined(separator: " ")
    }
  }

  private static func words(_ text: String?) -> [String] {
    (text ?? "").split { $0 == " " || $0 == "\t" || $0 == "\n" }.map(String.init)
  }

  private static func isArchive(_ address: String, signer: String) -> Bool {
    if signer.contains("debian-archive-") || signer.contains("ubuntu-archive-") { return true }
    guard let parts = URLComponents(string: address) else { return false }
    let path = parts.path.split(separator: "/").map(String.init)
    if parts.scheme?.hasPrefix("mirror") == true, let list = path.last {
      return list.hasPrefix("debian") || list.hasPrefix("ubuntu")
    }
    let host = parts.host?.lowercased() ?? ""
    let isTheirs = ["debian.org", "ubuntu.com"].contains { host == $0 || host.hasSuffix(".\($0)") }
    return isTheirs
      || path.count == 1
        && ["debian", "debian-security", "ubuntu", "ubuntu-ports"].contains(path[0])
  }

  private static func isWanted(suite: String) -> Bool {
    let unwanted = ["-backports", "-backports-sloppy", "-proposed", "-proposed-updates", "/"]
    return !unwanted.contains { suite.hasSuffix($0) }
      && !["experimental", "rc-buggy", "proposed-updates"].contains(suite)
  }

  private static func isWanted(component: String) -> Bool {
    component == "main" || component == "universe"
  }
}

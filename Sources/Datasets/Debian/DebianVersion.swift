/// A package version, ordered as dpkg orders versions.
///
/// Rule: deb-version(7), "Sorting algorithm",
/// <https://manpages.debian.org/stable/dpkg-dev/deb-version.7.en.html>.
struct DebianVersion: Comparable {
  private let epoch: Int
  private let upstream: [UInt8]
  private let revision: [UInt8]

  /// Parses `[epoch:]upstream[-revision]`.
  init(_ text: String) {
    var rest = Array(text.utf8)[...]
    if let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
      epoch = Int(String(decoding: rest[..<colon], as: UTF8.self)) ?? 0
      rest = rest[(colon + 1)...]
    } else {
      epoch = 0
    }
    if let dash = rest.lastIndex(of: UInt8(ascii: "-")) {
      upstream = Array(rest[..<dash])
      revision = Array(rest[(dash + 1)...])
    } else {
      upstream = Array(rest)
      revision = []
    }
  }

  static func == (left: DebianVersion, right: DebianVersion) -> Bool {
    left.compared(with: right) == 0
  }

  static func < (left: DebianVersion, right: DebianVersion) -> Bool {
    left.compared(with: right) < 0
  }

  private func compared(with other: DebianVersion) -> Int {
    if epoch != other.epoch { return epoch < other.epoch ? -1 : 1 }
    let order = Self.compare(upstream[...], other.upstream[...])
    return order != 0 ? order : Self.compare(revision[...], other.revision[...])
  }

  /// Compares runs of other characters and runs of digits alternately.
  private static func compare(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
    var (left, right) = (left, right)
    while !left.isEmpty || !right.isEmpty {
      while weight(left.first) != 0 || weight(right.first) != 0 {
        let difference = weight(left.first) - weight(right.first)
        if difference != 0 { return difference }
        left = left.dropFirst()
        right = right.dropFirst()
      }
      let leftDigits = left.prefix(while: isDigit)
      let rightDigits = right.prefix(while: isDigit)
      let (a, b) = (leftDigits.drop { $0 == 0x30 }, rightDigits.drop { $0 == 0x30 })
      if a.count != b.count { return a.count < b.count ? -1 : 1 }
      if !a.elementsEqual(b) { return a.lexicographicallyPrecedes(b) ? -1 : 1 }
      left = left.dropFirst(leftDigits.count)
      right = right.dropFirst(rightDigits.count)
    }
    return 0
  }

  private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }

  /// A tilde sorts before the end, the end and digits before letters, letters before the rest.
  private static func weight(_ byte: UInt8?) -> Int {
    switch byte ?? 0x30 {
    case 0x30...0x39: 0
    case UInt8(ascii: "~"): -1
    case let letter where 0x41...0x5A ~= letter || 0x61...0x7A ~= letter: Int(letter)
    case let other: Int(other) + 256
    }
  }
}

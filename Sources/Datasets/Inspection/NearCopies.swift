import Storage

/// Documents that copy each other, or nearly, in groups.
///
/// Texts belong to one group if they are equal but for case, blanks, punctuation and numbers, or if their sets of three-word runs have a Jaccard similarity of at least 0.8, directly or
/// by way of others. Documents of features belong to one group if they are equal. A held-out document
/// with a copy on the other side tells nothing about new documents; see
/// `Dataset.carvingValidation(percent:keepingCopiesTogether:)`.
///
/// A group of more than a twentieth of the documents, and of more than ten, is a form that many fill in
/// rather than a copy: it is divided into equal documents.
public struct NearCopies: Sendable {
  /// The smallest index of the group of each document in a group of two or more.
  private let firsts: [Int: Int]

  /// The similarity from which two texts are nearly equal.
  static let threshold = 0.8

  /// Compares some of the documents.
  ///
  /// - Complexity: O(bytes + candidates) expected.
  public init(of documents: Documents, among indices: some Sequence<Int>) {
    let indices = Array(indices)
    let contents = DocumentContents(documents)
    let equal = contents.equalGroups(among: indices)
    guard let texts = documents.texts else {
      firsts = Self.firsts(of: equal)
      return
    }
    var sets = DisjointSets()
    var firstOfForm: [UInt64: Int] = [:]
    for index in indices {
      guard let form = texts.withUTF8(at: index, Self.form) else { continue }
      if let first = firstOfForm[form] {
        sets.join(index, first)
      } else {
        firstOfForm[form] = index
      }
    }
    let near = NearDuplicates(
      of: texts, among: firstOfForm.values.sorted(), threshold: Self.threshold)
    for pair in near.pairs { sets.join(pair.first, pair.second) }
    let limit = max(10, indices.count / 20)
    let groups = sets.groups()
    let large = Set(groups.filter { $0.count > limit }.joined())
    firsts = Self.firsts(of: groups.filter { $0.count <= limit })
      .merging(Self.firsts(of: equal.filter { large.contains($0[0]) })) { own, _ in own }
  }

  private static func firsts(of groups: [[Int]]) -> [Int: Int] {
    groups.reduce(into: [:]) { result, group in
      for document in group { result[document] = group[0] }
    }
  }

  /// The document that stands for the group of a document: the one with the smallest index, or the
  /// document itself.
  public func representative(of document: Int) -> Int { firsts[document] ?? document }

  /// The number of documents in groups of two or more.
  public var documentCount: Int { firsts.count }

  /// The number of groups of two or more.
  public var groupCount: Int { Set(firsts.values).count }

  /// A number that texts have in common if they are equal but for case, blanks, punctuation and
  /// numbers; nil for a text without words.
  private static func form(_ text: UnsafeRawBufferPointer) -> UInt64? {
    if text.contains(where: { $0 >= 0x80 }) {
      return Array(String(decoding: text, as: UTF8.self).lowercased().utf8)
        .withUnsafeBytes(hash(ofWords:))
    }
    return hash(ofWords: text)
  }

  private static func hash(ofWords text: UnsafeRawBufferPointer) -> UInt64? {
    var result: UInt64?
    var word: UInt64 = 0
    var (isInside, isNumber) = (false, true)
    func end() {
      if isInside, !isNumber { result = Shingles.mixed((result ?? 0) ^ word) }
      (isInside, isNumber) = (false, true)
    }
    for byte in text {
      guard let letter = Shingles.letter(byte) else {
        end()
        continue
      }
      word = ((isInside ? word : 0xcbf2_9ce4_8422_2325) ^ UInt64(letter)) &* 0x100_0000_01b3
      isInside = true
      if !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= letter) { isNumber = false }
    }
    end()
    return result
  }
}

/// Sets of numbers that grow together; the smallest number stands for a set.
private struct DisjointSets {
  private var parents: [Int: Int] = [:]

  private mutating func root(of number: Int) -> Int {
    var root = number
    while let parent = parents[root], parent != root { root = parent }
    var next = number
    while let parent = parents[next], parent != root {
      parents[next] = root
      next = parent
    }
    return root
  }

  mutating func join(_ one: Int, _ other: Int) {
    let (first, second) = (root(of: one), root(of: other))
    parents[max(first, second)] = min(first, second)
    parents[min(first, second)] = min(first, second)
  }

  /// The sets of two or more, each in ascending order.
  mutating func groups() -> [[Int]] {
    var members: [Int: [Int]] = [:]
    for number in parents.keys.sorted() { members[root(of: number), default: []].append(number) }
    return members.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }
  }
}

import Dispatch
public import Storage
import Synchronization

/// Turns texts into bags of weighted features, the input of a bag encoder.
///
/// Several families of features (`Family`) are extracted from a text; those that occur in enough
/// training texts form the vocabulary. With tf the number of times that a feature occurs in the
/// text and idf as in `FeatureVocabulary`, an entry of family f has the value
///
///     v = (1 + ln tf) idf,   scaled to  v w_f / (‖v‖ √Σ w²)
///
/// where ‖v‖ is over the entries of the same family in the same text and the sum over all
/// families. A bag in which every family has an entry has length 1. Columns ascend within a row.
///
/// The sum leaves out `Family.Unit.unspacedCharacters`. A text that has c such characters and n
/// words is weighted differently, because it may have hardly any words: the sum is over the
/// families that have an entry, so that its length is 1, with w √(c / (c + n)) as the weight of
/// that family. The runs of each length are weighted separately there, their squared weights in
/// proportion to 1, ½, ⅓… for runs of 1, 2, 3… characters.
///
/// The same texts give the same bytes on any number of threads.
public struct TextFeatures: Sendable {
  /// The features to extract and to keep.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The kinds of features.
    public var families: [Family]
    /// The number of words after which a text is cut; see `TextFeatures.isCut(_:)`.
    ///
    /// Each character of `Family.Unit.unspacedCharacters` counts as a word. The default is our
    /// choice; bounds the memory that a text takes to about 100 MB; the longest books have as many
    /// words.
    public var maximumWordCount: Int
    /// The number of training texts that must contain a feature for it to be kept.
    public var minimumDocumentCount: Int
    /// The most features kept, the most frequent first; nil for no limit.
    public var maximumFeatureCount: Int?

    /// Creates a configuration; the default families and weights were selected on validation splits
    /// of Debian's tags, the other defaults are our choice.
    public init(
      families: [Family] = Self.standardFamilies, maximumWordCount: Int = 1 << 20,
      minimumDocumentCount: Int = 2, maximumFeatureCount: Int? = nil
    ) {
      self.families = families
      self.maximumWordCount = maximumWordCount
      self.minimumDocumentCount = minimumDocumentCount
      self.maximumFeatureCount = maximumFeatureCount
    }

    /// Words everywhere, characters in scripts without spaces between words, and the lead in more
    /// detail.
    public static let standardFamilies = [
      Family(.words, of: .text),
      Family(.unspacedCharacters, of: .text, lengths: 1...4, weight: 3),
      Family(.characters, of: .title, lengths: 2...4, weight: 0.7),
      Family(.words, of: .lead, weight: 0.7),
      Family(.wordCharacters, of: .summary, lengths: 3...4, weight: 0.7),
      Family(.affixes, of: .title, weight: 0.5),
      Family(.wordPairs, of: .lead, weight: 0.5),
    ]

    /// This configuration, after checking it.
    ///
    /// - Throws: `ValueError` that describes the first invalid value.
    public func validated() throws -> Configuration {
      func require(_ isRight: Bool, _ reason: String, _ expected: String) throws {
        guard isRight else {
          throw ValueError("feature configuration", reason: reason, expected: expected)
        }
      }
      try require(!families.isEmpty, "there are no families of features", "one or more")
      for family in families {
        let name = "\(family.unit.rawValue) of the \(family.scope.rawValue)"
        try require(
          (1e-6...1e6).contains(family.weight), "the weight of \(name) is \(family.weight)",
          "a millionth to a million")
        try require(
          family.lengths.lowerBound >= 1 && family.lengths.upperBound <= 32,
          "the lengths of \(name) are \(family.lengths)", "within 1 ... 32")
        try require(
          family.unit != .unspacedCharacters || family.scope == .text,
          "there is a family of \(name)", "\(family.unit.rawValue) of the text")
        try require(
          families.count { $0.scope == family.scope && $0.unit == family.unit } == 1,
          "there are two families of \(name)", "one")
      }
      try require(
        maximumWordCount >= 1, "texts are cut after \(maximumWordCount) words", "1 or more")
      try require(
        minimumDocumentCount >= 1, "features need \(minimumDocumentCount) documents", "1 or more")
      if let maximumFeatureCount {
        try require(
          maximumFeatureCount >= 1, "at most \(maximumFeatureCount) features are kept", "1 or more")
      }
      return self
    }

    /// Whether characters of unspaced scripts are separated from words.
    var separatesScripts: Bool { families.contains { $0.unit == .unspacedCharacters } }
  }

  /// The features to extract and to keep.
  public let configuration: Configuration
  /// The features that were kept.
  public let vocabulary: FeatureVocabulary

  init(configuration: Configuration, vocabulary: FeatureVocabulary) {
    self.configuration = configuration
    self.vocabulary = vocabulary
  }

  /// Learns the vocabulary of `texts`.
  ///
  /// - Parameter threads: the number of threads; nil means as many as the machine's processors.
  /// - Throws: `ValueError` when the configuration is invalid, or when there are more than
  ///   2^29 features or 2^32 − 1 texts.
  /// - Complexity: O(characters) time, O(distinct features) memory on each thread.
  public init(
    learningFrom texts: some RandomAccessCollection<String> & Sendable,
    configuration: Configuration = Configuration(), threads: Int? = nil
  ) throws {
    let configuration = try configuration.validated()
    guard UInt32(exactly: texts.count) != nil else {
      throw ValueError(
        "training texts", reason: "\(texts.count) texts", expected: "below 2^32")
    }
    let total = Mutex(FeatureCounter())
    let namespaces = configuration.families.map(FeatureHash.namespace)
    Self.forEachPart(of: texts.count, parts: threads ?? Self.processors, threads: threads) {
      _, part in
      var counter = FeatureCounter()
      var extractor = FeatureExtractor()
      var scan = TextScan()
      for index in part {
        scan.scan(texts[texts.index(texts.startIndex, offsetBy: index)], configuration)
        counter.nextDocument()
        for (family, namespace) in zip(configuration.families, namespaces) {
          extractor.extract(family, in: namespace, from: scan)
          counter.insert(extractor.features)
        }
      }
      total.withLock { $0.add(counter) }
    }
    self.configuration = configuration
    vocabulary = try total.withLock {
      try FeatureVocabulary.learned(
        $0, documentCount: texts.count, minimum: configuration.minimumDocumentCount,
        maximum: configuration.maximumFeatureCount)
    }
  }

  /// The bags of `texts`.
  ///
  /// - Parameter threads: the number of threads; nil means as many as the machine's processors.
  /// - Returns: `[texts, features]`, columns ascending in each row. A text without a known feature
  ///   has an empty row.
  public func bags(
    of texts: some RandomAccessCollection<String> & Sendable, threads: Int? = nil
  ) -> CSRMatrix {
    let parts = Mutex<[Int: BagBuilder.Rows]>([:])
    // More parts than threads, so that a part with long texts does not leave threads idle.
    let partCount = min(max(1, texts.count / 64), 8 * (threads ?? Self.processors))
    forEachPartOfBags(of: texts, parts: partCount, threads: threads) { number, rows in
      parts.withLock { $0[number] = rows }
    }
    return joined(
      parts.withLock {
        let all = $0
        $0 = [:]
        return all
      })
  }

  /// The same as `bags(of:threads:)`, with large matrices in temporary files; see `CSRSpool`.
  ///
  /// - Throws: `FileError` when a temporary file cannot be written.
  func spooledBags(
    of texts: some RandomAccessCollection<String> & Sendable, threads: Int?
  ) throws -> CSRMatrix {
    let parts = Mutex(OrderedParts())
    let partCount = max(texts.count / 16_384, 8 * (threads ?? Self.processors))
    forEachPartOfBags(
      of: texts, parts: min(max(1, texts.count / 64), partCount), threads: threads
    ) { number, rows in
      parts.withLock { $0.insert(rows, number: number) }
    }
    return try parts.withLock { try $0.spool.matrix(columnCount: vocabulary.count) }
  }

  /// Calls `body` with the bags of each part of the texts and its number, in any order.
  private func forEachPartOfBags(
    of texts: some RandomAccessCollection<String> & Sendable, parts: Int, threads: Int?,
    _ body: @Sendable (Int, BagBuilder.Rows) -> Void
  ) {
    Self.forEachPart(of: texts.count, parts: parts, threads: threads) { number, part in
      var builder = BagBuilder(families: configuration.families, vocabulary: vocabulary)
      var scan = TextScan()
      for index in part {
        scan.scan(texts[texts.index(texts.startIndex, offsetBy: index)], configuration)
        builder.append(scan)
      }
      body(number, builder.rows)
    }
  }

  /// Concatenates the parts of a matrix, freeing each as it goes.
  private func joined(_ allParts: consuming [Int: BagBuilder.Rows]) -> CSRMatrix {
    var parts = allParts
    var offsets: [Int64] = [0]
    var columns: [Int32] = []
    var values: [Float] = []
    columns.reserveCapacity(parts.values.map(\.columns.count).reduce(0, +))
    values.reserveCapacity(columns.capacity)
    for number in parts.keys.sorted() {
      guard let part = parts.removeValue(forKey: number) else { continue }
      for length in part.lengths { offsets.append(offsets[offsets.count - 1] + Int64(length)) }
      columns.append(contentsOf: part.columns)
      values.append(contentsOf: part.values)
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
      values: MappedArray(values), columnCount: vocabulary.count)
  }

  private static var processors: Int { MachineShare.current.processors }

  /// Divides `0 ..< count` into parts of about equal size and calls `body` with each and its
  /// number.
  private static func forEachPart(
    of count: Int, parts: Int, threads: Int?, _ body: @Sendable (Int, Range<Int>) -> Void
  ) {
    let parts = max(1, parts)
    let threads = min(max(1, threads ?? processors), parts)
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while true {
        let part = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard part < parts else { return }
        body(part, count * part / parts..<count * (part + 1) / parts)
      }
    }
  }
}

/// Parts of a matrix that come in any order and go to a spool in that of their numbers.
private struct OrderedParts {
  private(set) var spool = CSRSpool()
  private var next = 0
  private var early: [Int: BagBuilder.Rows] = [:]

  mutating func insert(_ rows: BagBuilder.Rows, number: Int) {
    early[number] = rows
    while let rows = early.removeValue(forKey: next) {
      spool.append(lengths: rows.lengths, columns: rows.columns, values: rows.values)
      next += 1
    }
  }
}

extension TextFeatures {
  /// Whether `text` has more words than `Configuration.maximumWordCount`, so that the rest of it is
  /// ignored.
  public func isCut(_ text: String) -> Bool { configuration.cuts(text) }
}

extension TextFeatures.Configuration {
  /// Whether `text` has more words than `maximumWordCount`.
  public func cuts(_ text: String) -> Bool {
    guard canCut(byteCount: text.utf8.count) else { return false }
    var scan = TextScan()
    scan.scan(text, self)
    return scan.isCut
  }

  /// The documents in `rows` whose texts have more words than `maximumWordCount`.
  public func cutTexts(of documents: Documents, rows: some Sequence<Int>) -> [Int] {
    guard let texts = documents.texts else { return [] }
    return rows.filter { row in
      texts.withUTF8(at: row) { canCut(byteCount: $0.count) } && cuts(texts[row])
    }
  }

  /// A sentence about documents whose texts are cut, with their names; nil if there are none.
  public func note(onCutTexts names: [String]) -> String? {
    guard !names.isEmpty else { return nil }
    let (texts, have) = names.count == 1 ? ("text", "has") : ("texts", "have")
    return """
      \(names.count) \(texts) (\(names.prefix(3).joined(separator: ", "))\
      \(names.count > 3 ? ", …" : "")) \(have) more than \(maximumWordCount) words; the rest \
      is cut off (the setting is features.maximumWordCount)
      """
  }

  /// Whether a text may be too long: each word takes a byte and a separator.
  private func canCut(byteCount: Int) -> Bool { byteCount / 2 >= maximumWordCount }
}

extension TextScan {
  /// Scans `text` up to the limit in `configuration`.
  fileprivate mutating func scan(_ text: String, _ configuration: TextFeatures.Configuration) {
    let separates = configuration.separatesScripts
    var text = text
    if separates, text.utf8.contains(where: { $0 == 0xef }),
      text.withUTF8({ TextWriting(UnsafeRawBufferPointer($0)).hasWidthForms })
    {
      text = TextWriting.withoutWidthForms(text)
    }
    text.withUTF8 {
      scan(
        UnsafeRawBufferPointer($0), limit: configuration.maximumWordCount,
        separatesScripts: separates)
    }
  }
}

import Storage

/// The concepts of a SKOS vocabulary.
///
/// Read are the subjects of type `skos:Concept`, or all with a `skos:prefLabel` if none has that
/// type, with prefLabel, altLabel, notation, broader, and narrower as its inverse. Concepts that are
/// marked `owl:deprecated` are left out. Concepts keep the order of their first mention.
///
/// - Paper: W3C. SKOS Simple Knowledge Organization System Reference. 2009.
///   <https://www.w3.org/TR/skos-reference/>
/// - Departures: labels as resources (SKOS-XL) and hidden labels are not read. Of several preferred
///   texts in one language, which SKOS forbids, the later ones are alternatives.
struct SKOSConcepts {
  private struct Literal {
    var text: String
    var language: String?
  }

  private struct Concept {
    var isConcept = false
    var isDeprecated = false
    var preferred: [Literal] = []
    var alternatives: [Literal] = []
    var notation: String?
    var parents: [String] = []
  }

  private enum Property: CaseIterable {
    case type, preferred, alternative, notation, broader, narrower, deprecated

    var iri: StaticString {
      switch self {
      case .type: "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
      case .preferred: "http://www.w3.org/2004/02/skos/core#prefLabel"
      case .alternative: "http://www.w3.org/2004/02/skos/core#altLabel"
      case .notation: "http://www.w3.org/2004/02/skos/core#notation"
      case .broader: "http://www.w3.org/2004/02/skos/core#broader"
      case .narrower: "http://www.w3.org/2004/02/skos/core#narrower"
      case .deprecated: "http://www.w3.org/2002/07/owl#deprecated"
      }
    }

    /// The property of a predicate; nil for one that is not read.
    init?(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
      let written = UnsafeRawBufferPointer(rebasing: bytes[range])
      let property = Self.allCases.first { property in
        let iri = property.iri
        return iri.utf8CodeUnitCount == written.count
          && written.elementsEqual(
            UnsafeRawBufferPointer(start: iri.utf8Start, count: iri.utf8CodeUnitCount))
      }
      guard let property else { return nil }
      self = property
    }
  }

  private static let conceptType = "http://www.w3.org/2004/02/skos/core#Concept"

  private let path: String
  private var places: [String: Int] = [:]
  private var names: [String] = []
  private var concepts: [Concept] = []

  /// Reads a file of N-Triples.
  ///
  /// - Parameter isConverted: whether lines are those of a conversion, which errors do not number.
  /// - Throws: `InputError` with the position of the first fault.
  init(_ file: MappedFile, path: String, isConverted: Bool = false) throws {
    self.path = path
    var skipped = SkippedLines()
    try LineReader(
      file: file, policy: .refuse, name: isConverted ? "\(path) as N-Triples" : path
    ).forEachLine(skipped: &skipped) { (bytes, range) throws(LineFault) in
      guard let triple = try NTriple(bytes, range),
        let property = Property(bytes, triple.predicate.content)
      else { return }
      try add(property, triple, bytes)
    }
  }

  private mutating func add(
    _ property: Property, _ triple: NTriple, _ bytes: UnsafeRawBufferPointer
  ) throws(LineFault) {
    let subject = try triple.subject.text(in: bytes)
    let object = try triple.object.text(in: bytes)
    let language = triple.object.language.map { String(decoding: bytes[$0], as: UTF8.self) }
    if property == .narrower {
      let place = place(of: object)
      return Self.insert(subject, into: &concepts[place].parents)
    }
    let place = place(of: subject)
    switch property {
    case .type: if object == Self.conceptType { concepts[place].isConcept = true }
    case .preferred: concepts[place].preferred.append(.init(text: object, language: language))
    case .alternative: concepts[place].alternatives.append(.init(text: object, language: language))
    case .notation: if concepts[place].notation == nil { concepts[place].notation = object }
    case .broader: Self.insert(object, into: &concepts[place].parents)
    case .deprecated: if object == "true" || object == "1" { concepts[place].isDeprecated = true }
    case .narrower: break
    }
  }

  private static func insert(_ parent: String, into parents: inout [String]) {
    if !parents.contains(parent) { parents.append(parent) }
  }

  private mutating func place(of name: String) -> Int {
    if let place = places[name] { return place }
    places[name] = names.count
    names.append(name)
    concepts.append(Concept())
    return names.count - 1
  }

  /// The labels with their texts in a language.
  ///
  /// - Throws: `InputError` if there are no concepts, if texts have several languages and none is
  ///   chosen, or if a name contains a control character.
  func entries(in wanted: String?) throws -> [LabelVocabulary.Entry] {
    let hasTypes = concepts.contains(where: \.isConcept)
    let chosen = concepts.indices.filter { place in
      let concept = concepts[place]
      return !concept.isDeprecated && (hasTypes ? concept.isConcept : !concept.preferred.isEmpty)
    }
    guard !chosen.isEmpty else {
      throw InputError(
        file: path, reason: "there are no SKOS concepts",
        expected: "subjects of type skos:Concept, or with a skos:prefLabel")
    }
    let language = try LanguageChoice(
      chosen.flatMap { concepts[$0].preferred.compactMap(\.language) }, wanted: wanted, path: path
    ).language
    let kept = Set(chosen.map { names[$0] })
    return try chosen.map { place in
      let concept = concepts[place]
      func texts(_ literals: [Literal]) -> [String] {
        let own = literals.filter { LanguageChoice.matches($0.language, language) }
        let texts = (own.isEmpty ? literals.filter { $0.language == nil } : own).map(\.text)
        // The program that converts may change the order of equal statements.
        return texts.filter { !$0.allSatisfy(\.isWhitespace) }.sorted()
      }
      let preferred = texts(concept.preferred)
      let name = try attributingErrors(to: path) {
        try Name(names[place], of: "concept", from: path)
      }
      return LabelVocabulary.Entry(
        id: name.text, text: preferred.first,
        details: LabelDetails(
          alternatives: preferred.dropFirst() + texts(concept.alternatives),
          parents: concept.parents.filter(kept.contains).sorted(), notation: concept.notation,
          language: language))
    }
  }
}

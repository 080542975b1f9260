import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct LabelVocabularyTests {
  private struct Case: Decodable, Sendable {
    struct Entry: Decodable, Sendable {
      var id: String
      var text: String?
      var alternatives, parents: [String]
      var notation: String?
    }

    var turtle, xml, triples: String
    var language: String
    var entries: [Entry]
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(_ text: String, as name: String, language: String? = nil) throws
    -> LabelVocabulary
  {
    try LabelVocabulary(contentsOf: folder.write(text, to: name), language: language)
  }

  private func expectFault(
    _ text: String, as name: String, language: String? = nil, line: Int?, _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let error = try #require(throws: InputError.self, sourceLocation: sourceLocation) {
      try read(text, as: name, language: language)
    }
    #expect(error.line == line, "\(error)", sourceLocation: sourceLocation)
    for word in words {
      #expect("\(error)".contains(word), "\(error)", sourceLocation: sourceLocation)
    }
  }

  private func expect(_ vocabulary: LabelVocabulary, agreesWith example: Case) {
    let entries = vocabulary.entries.sorted { $0.id < $1.id }
    #expect(entries.map(\.id) == example.entries.map(\.id))
    for (found, wanted) in zip(entries, example.entries) {
      // Texts are read in Normalization Form C.
      #expect(found.text == wanted.text?.normalizedToNFC)
      #expect(found.details.alternatives == wanted.alternatives)
      #expect(found.details.parents == wanted.parents)
      #expect(found.details.notation == wanted.notation)
      #expect(found.details.language == example.language)
    }
  }

  @Test func `reads SKOS in N-Triples as rdflib does`() throws {
    for example in try Golden<Case>("LabelVocabulary").cases {
      for name in ["a.nt", "without-a-suffix"] {
        let found = try read(example.triples, as: name, language: example.language)
        expect(found, agreesWith: example)
      }
    }
  }

  @Test(.enabled(if: Subprocess.path(of: "rapper") != nil))
  func `reads SKOS in Turtle and RDF/XML as rdflib does`() throws {
    for example in try Golden<Case>("LabelVocabulary").cases {
      for (name, text) in [
        ("a.ttl", example.turtle), ("turtle", example.turtle), ("a.rdf", example.xml),
        ("xml", example.xml),
      ] {
        expect(try read(text, as: name, language: example.language), agreesWith: example)
      }
    }
    try expectFault(
      "@prefix a: <http://a/> .\na:b a:c \"open\n", as: "b.ttl", line: 2, "well-formed Turtle")
  }

  @Test func `names the package of a missing program`() throws {
    let file = try MappedFile(path: folder.write("@prefix a: <http://a/> .", to: "a.ttl"))
    for (syntax, package) in [
      (TripleConversion.Syntax.turtle, "raptor2-utils), serdi"), (.xml, "raptor2-utils), or"),
    ] {
      let error = try #require(throws: InputError.self) {
        try TripleConversion(syntax, program: { _ in nil }).triples(of: file, path: "a.ttl")
      }
      #expect("\(error)".contains(package), "\(error)")
    }
  }

  @Test func `asks for a language among several`() throws {
    let triples = try Golden<Case>("LabelVocabulary").cases[0].triples
    try expectFault(triples, as: "a.nt", line: nil, "2 languages: en, sv", "--language")
    try expectFault(triples, as: "a.nt", language: "fi", line: nil, "\"fi\"", "one of en, sv")
  }

  @Test func `reads Annif's tables`() throws {
    let csv = """
      uri,notation,label_en,label_fi\r
      <http://a/1>,58,"dogs, large",koirat\r
      http://a/2,,"a ""quoted""\nname",\r

      """
    let found = try read(csv, as: "a.csv", language: "en").entries
    #expect(
      found == [
        .init(
          id: "http://a/1", text: "dogs, large", details: .init(notation: "58", language: "en")),
        .init(id: "http://a/2", text: "a \"quoted\"\nname", details: .init(language: "en")),
      ])
    #expect(try read(csv, as: "a.csv", language: "fi").entries[1].text == nil)
    try expectFault(csv, as: "a.csv", line: nil, "2 languages")

    let subjects = "<http://a/1>\tdogs\t58\r\n\n<http://a/2>\tcats\n"
    let lines = try read(subjects, as: "a.tsv", language: "en").entries
    #expect(
      lines.map(\.id) == ["http://a/1", "http://a/2"] && lines.map(\.text) == ["dogs", "cats"])
    #expect(lines.map(\.details.notation) == ["58", nil])
    #expect(lines.map(\.details.language) == ["en", "en"])
    try expectFault("<http://a/1>\tdogs\nhttp://a/2\tcats\n", as: "a.tsv", line: 2, "<uri>, a tab")
  }

  @Test(arguments: [",", ";", "\t"])
  func `reads tables by their header`(separator: String) throws {
    func row(_ cells: String...) -> String { cells.joined(separator: separator) + "\n" }
    let text =
      row("Code", "ID", "Preferred Label", "altLabels", "Broader", "lang")
      + row("7", "a", "first", "\"one|uno;primo\"", "", "it") + row("", "b", "", "two", "a|c", "")
    let found = try read("\u{feff}" + text, as: "table").entries
    #expect(
      found == [
        .init(
          id: "a", text: "first",
          details: .init(alternatives: ["one", "uno;primo"], notation: "7", language: "it")),
        .init(id: "b", details: .init(alternatives: ["two"], parents: ["a", "c"])),
      ])
  }

  @Test func `refuses a faulty table with its line`() throws {
    try expectFault("name,colour\na,b\n", as: "a.csv", line: 1, "no column of ids", "uri and label")
    try expectFault("id,colour\na,b\n", as: "a.csv", line: 1, "no column of texts")
    try expectFault("id,text\n,b\n", as: "a.csv", line: 2, "no id")
    try expectFault("id,text\na,x\n\na,y\n", as: "a.csv", line: nil, "a second time")
    try expectFault("id,text\nb,\"open\nand on\n", as: "a.csv", line: 2, "not closed")
    try expectFault("id,text\nb,\"a\"b\n", as: "a.csv", line: 2, "after the closing")
    try expectFault("id,text\n", as: "a.csv", line: nil, "no labels")
  }

  @Test func `refuses faulty triples with their position`() throws {
    let good = "<http://a/1> <http://www.w3.org/2004/02/skos/core#prefLabel> "
    for (rest, words) in [
      ("\"open .", "not closed"), ("\"a\" <b> .", "does not end"),
      ("\"a\" . x", "one triple a line"),
      ("\"a\\q\" .", "unknown escape"), ("\"\\u12\" .", "4 hexadecimal"),
      ("x .", "unexpected byte"),
      ("\"\\uD800\" .", "not a character"),
    ] {
      try expectFault("# comment\n" + good + "\"a\" .\n" + good + rest, as: "a.nt", line: 3, words)
    }
    try expectFault("\"a\" <b> <c> .", as: "a.nt", line: 1, "subject is a literal")
    try expectFault("<a> <b> <c> .", as: "a.nt", line: nil, "no SKOS concepts")
  }

  @Test func `records are those of labels.jsonl`() throws {
    let lines = """
      {"id":"a","text":"A","alternatives":["x","y"],"parents":"b","notation":12,"language":"sv"}
      {"id":"b","alternatives":null,"parents":[],"other":{}}

      """
    let found = try read(lines, as: "a.jsonl").entries
    #expect(
      found == [
        .init(
          id: "a", text: "A",
          details: .init(
            alternatives: ["x", "y"], parents: ["b"], notation: "12", language: "sv")),
        .init(id: "b"),
      ])
    try expectFault(#"{"id":"a","parents":{}}"#, as: "a.jsonl", line: 1, "a list of texts")
  }

  @Test func `a data set keeps the details of its labels`() throws {
    let source = try DatasetFolderTests.folder(changing: [
      "labels.jsonl": """
      {"id":"x","text":"the x","alternatives":["ex","iks"],"notation":"24"}
      {"id":"y","parents":["x"],"language":"en"}
      {"id":"z"}
      """
    ])
    let data = try DatasetFolder.read(source.path)
    #expect(data.labels.details?[0] == .init(alternatives: ["ex", "iks"], notation: "24"))
    #expect(data.labels.textWithAlternatives(at: 0) == "the x; ex; iks")
    #expect(data.labels.textWithAlternatives(at: 1) == "y")
    try DatasetFolder.write(data, to: folder.file("copy"))
    let copy = try DatasetFolder.read(folder.file("copy"))
    #expect(copy.labels.details == data.labels.details)
    let plain = try DatasetFolderTests.folder()
    #expect(try DatasetFolder.read(plain.path).labels.details == nil)
  }

  @Test func `labels are found by id, then notation, then text`() throws {
    let vocabulary = try read(
      """
      id,text,notation,alternatives
      u1,alpha,1,a
      u2,beta,alpha,b
      u3,gamma,3,
      u4,delta,3,
      u5,delta,5,
      """, as: "v.csv")
    var labels = Labels(
      ids: TextColumn(["u1", "alpha", "gamma", "3", "delta", "lost"]),
      texts: TextColumn(["old", "", "", "", "kept", ""]))
    var (found, match) = try labels.described(by: vocabulary)
    #expect(Array(found.ids) == Array(labels.ids))
    #expect(found.texts.map(Array.init) == ["alpha", "beta", "gamma", "", "kept", ""])
    #expect(found.details?.map(\.alternatives) == [["a"], ["b"], [], [], [], []])
    #expect((match.byID, match.byNotation, match.byText) == (1, 1, 1))
    // Two entries have the notation 3, and two the text delta: neither names one of them.
    #expect(match.unmatched == ["3", "delta", "lost"])
    #expect(match.sentence(path: "v.csv").contains("3 of the 6 labels (1 by id, 1 by notation"))
    #expect(found.candidates.map(\.id) == ["u4", "u5"] && match.unused == 2)
    #expect(found.vocabularyHash == vocabulary.contentHash)

    // Candidates are named like the labels.
    labels = Labels(ids: TextColumn(["alpha", "gamma"]))
    (found, match) = try labels.described(
      by: read("id,text\nu1,alpha\nu2,beta\nu3,gamma\n", as: "w.csv"))
    #expect(found.candidates.map(\.id) == ["beta"])
    let error = try #require(throws: InputError.self) {
      try Labels(ids: TextColumn(["no"])).described(by: vocabulary)
    }
    #expect("\(error)".contains("none of the 1 label") && "\(error)".contains("\"u1\""))
  }
}

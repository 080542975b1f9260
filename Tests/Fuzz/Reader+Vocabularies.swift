import Datasets
import Storage

/// Readers of label vocabularies; the programs that convert Turtle and RDF/XML are not ours.
extension Reader {
  static let vocabularies: [Reader] = [
    Reader(
      name: "vocabulary-table", weight: 3,
      tokens: ["\"\"", "\r\n", "id,text", "label_sv", "parents", "|", ";", "\t", "<", ">"],
      make: { folder in
        try """
        id;text;alternatives;parents;notation
        a;"first; ""one"" x";x|y;;1
        b;second;;a|c;2

        """.write(to: folder, "v.csv")
        try "uri,notation,label_en,label_sv\nhttp://a/1,5,one,ett\n".write(to: folder, "w.csv")
        try "<http://a/1>\tone\t5\n<http://a/2>\ttwo\n".write(to: folder, "v.tsv")
        try #"{"id":"a","text":"A","alternatives":["x"],"parents":"b","notation":5}"#.write(
          to: folder, "v.jsonl")
      },
      read: { folder in
        for name in ["v.csv", "w.csv", "v.tsv", "v.jsonl"] {
          readVocabulary("\(folder)/\(name)", language: name == "w.csv" ? "sv" : nil)
        }
      }),
    Reader(
      name: "vocabulary-triples", weight: 3,
      tokens: [
        "<", ">", "_:", "\"@sv", "^^<", " .", "\\u00e9", "\\U0001F600", "\\\"", "core#narrower",
      ],
      make: { folder in
        let skos = "http://www.w3.org/2004/02/skos/core#"
        try """
        # a comment
        <http://a/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <\(skos)Concept> .
        <http://a/1> <\(skos)prefLabel> "ett \\u00e5"@sv .
        <http://a/1> <\(skos)altLabel> "en \\"etta\\""@sv-FI .
        <http://a/1> <\(skos)narrower> _:b1 .
        _:b1 <\(skos)broader> <http://a/1> .
        <http://a/1> <\(skos)notation> "5"^^<http://a/code> .

        """.write(to: folder, "v.nt")
      },
      read: { readVocabulary("\($0)/v.nt", language: nil) }),
  ]

  /// Reads a vocabulary, finds labels in it and arranges them.
  private static func readVocabulary(_ path: String, language: String?) {
    do {
      let vocabulary = try LabelVocabulary(contentsOf: path, language: language)
      let labels = Labels(ids: TextColumn(vocabulary.entries.map(\.id) + ["other"]))
      _ = try labels.described(by: vocabulary)
      _ = try LabelHierarchy(labels.ids, in: vocabulary)
    } catch {
      // Each file is read, whatever the others contain.
    }
  }
}

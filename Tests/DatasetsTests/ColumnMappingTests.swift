import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

/// Which columns are understood without options.
@Suite struct ColumnMappingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `the subject of a mail is not a label where the text is named`() throws {
    let note = try note("Subject,Body,Category", DataReading(text: "Body"))
    #expect(note == "text: \"Body\"; labels: \"Category\"")
  }

  /// The columns of a table with this header, in words.
  private func note(_ header: String, needsLabels: Bool = true, _ reading: DataReading = .init())
    throws -> String
  {
    let names = header.split(separator: ",").map(String.init)
    let sample = (1...3).map { row in
      SourceRecord(
        line: row + 1,
        fields: names.map { name in
          // Customers come back.
          .init(name, .init(.string(name.contains("ustomer") ? "c" : "\(name) \(row)")))
        })
    }
    return try ColumnMapping(sample, reading, file: "t.csv", needsLabels: needsLabels).note
  }

  @Test(arguments: [
    (
      "Ticket-ID,Subject,Body,Category",
      "text: \"Subject\", \"Body\"; labels: \"Category\"; id: \"Ticket-ID\""
    ),
    (
      "ticket id,Description,Title,tags",
      "text: \"Title\", \"Description\"; labels: \"tags\"; id: \"ticket id\""
    ),
    ("headline,text,label", "text: \"headline\", \"text\"; labels: \"label\""),
    ("Name,Description,Category", "text: \"Name\", \"Description\"; labels: \"Category\""),
    // The name of a person.
    ("name,message,intent", "text: \"message\"; labels: \"intent\""),
    (
      "Issue key,Summary,Description,Labels",
      "text: \"Summary\", \"Description\"; labels: \"Labels\"; id: \"Issue key\""
    ),
    (
      "number,short_description,description,category",
      "text: \"short_description\", \"description\"; labels: \"category\""
    ),
    ("Subject,Category", "text: \"Subject\"; labels: \"Category\""),
    // A library's records.
    ("title,abstract,subject", "text: \"title\", \"abstract\"; labels: \"subject\""),
    ("text,subject", "text: \"text\"; labels: \"subject\""),
    ("title,subjects", "text: \"title\"; labels: \"subjects\""),
    ("_id,text,title,labels", "text: \"title\", \"text\"; labels: \"labels\"; id: \"_id\""),
    ("customer id,text,label", "text: \"text\"; labels: \"label\""),
    // A surer text and surer labels win.
    (
      "Summary,Description,Comment,Labels,Issue Type",
      "text: \"Summary\", \"Description\"; labels: \"Labels\""
    ),
    ("comment,sentiment", "text: \"comment\"; labels: \"sentiment\""),
    ("date,author,comment,sentiment", "text: \"comment\"; labels: \"sentiment\""),
  ])
  func `understands usual headers`(header: String, expected: String) throws {
    #expect(try note(header) == expected)
  }

  @Test(arguments: [
    ("Ticket-ID,Subject,Body", "text: \"Subject\", \"Body\"; id: \"Ticket-ID\""),
    ("Subject,Priority", "text: \"Subject\""),
    // The labels of a library's records are not part of the text.
    ("text,subject", "text: \"text\"; labels: \"subject\""),
    ("title,abstract,subject", "text: \"title\", \"abstract\"; labels: \"subject\""),
  ])
  func `understands texts to answer alike`(header: String, expected: String) throws {
    #expect(try note(header, needsLabels: false) == expected)
  }

  @Test func `options come before usual names`() throws {
    let header = "Ticket-ID,Subject,Body,Category"
    #expect(
      try note(header, DataReading(text: "body", label: "subject", id: "none"))
        == "text: \"Body\"; labels: \"Subject\"")
    #expect(
      try note(header, DataReading(label: "Subject"))
        == "text: \"Body\"; labels: \"Subject\"; id: \"Ticket-ID\"")
    #expect(
      try note("subject,body,queue", DataReading(label: "queue"))
        == "text: \"subject\", \"body\"; labels: \"queue\"")
  }

  @Test func `a number that comes back is not an id`() throws {
    let sample = ["7", "7"].map { number in
      SourceRecord(
        line: 1,
        fields: [("case number", number), ("text", "a"), ("label", "b")].map {
          .init($0.0, .init(.string($0.1)))
        })
    }
    let mapping = try ColumnMapping(sample, .init(), file: "t.csv", needsLabels: true)
    #expect(mapping.id == nil)
  }

  private func read(_ content: String, as name: String, _ reading: DataReading = .init()) throws
    -> (texts: [String], labels: [[String]], notes: [String])
  {
    let data = try LabelledTextFile.readWhole(folder.write(content, to: name), reading)
    let test = try #require(data.test)
    let names = Array(data.labels.ids)
    return (
      data.documents.texts.map(Array.init) ?? [],
      (0..<test.count).map { test.labels.columns(ofRow: $0).map { names[Int($0)] } }, data.notes
    )
  }

  @Test(arguments: ["", "\u{FEFF}"]) func `a first line names the separator`(mark: String) throws {
    for end in ["\n", "\r\n"] {
      let found = try read(
        mark + ["sep=;", "Text;Label", "a,b,c;x", "d,e;y", ""].joined(separator: end), as: "s.csv")
      #expect(found.texts == ["a,b,c", "d,e"] && found.labels == [["x"], ["y"]])
    }
    let texts = try read("text,label\nsep=;,x\n", as: "t.csv").texts
    #expect(texts == ["sep=;"])
  }

  @Test func `rows above the header are left out`() throws {
    for above in ["# exported\n", "Tickets of November,,\n,,\n", "November\nall tickets\n\n"] {
      let found = try read(
        above + "id,text,label\n1,one,x\n2,two,y\n3,three,x\n4,four,y\n", as: "above.csv")
      #expect(found.texts == ["one", "two", "three", "four"], "\(above)")
      #expect(found.notes[0].contains("above the header left out"), "\(found.notes)")
    }
    // Texts may be these words.
    let words = try read("note,x\ntext,label\n", as: "words.csv", DataReading(header: false))
    #expect(words.texts == ["note", "text"] && words.labels == [["x"], ["label"]])
  }

  @Test func `columns of labels may be repeated`() throws {
    let found = try read(
      "Summary,Labels,Comment,Labels,Comment,Description,Labels\n"
        + "one,a,c1,,c2,first,b\ntwo,,c3,,,second,\n", as: "jira.csv")
    #expect(found.texts == ["one\nfirst", "two\nsecond"])
    #expect(found.labels.map { $0.sorted() } == [["a", "b"], []])
    let error = #expect(throws: InputError.self) {
      try read("text,body,label,body\na,b,x,c\n", as: "twice.csv")
    }
    #expect(error?.reason.contains("\"body\" appears a second time") == true)
  }

  @Test func `members of objects are columns with a dot`() throws {
    let content = #"[{"id": 1, "fields": {"title": "a", "more": {"text": "b"}}, "label": "x"}]"#
    let found = try read(content, as: "n.json", DataReading(text: "fields.title,fields.more.text"))
    #expect(found.texts == ["a\nb"] && found.labels == [["x"]])
    let error = try #require(throws: InputError.self) { try read(content, as: "n.json") }
    #expect("\(error)".contains("\"fields.more.text\" (b)"), "\(error)")
    // A label may be an object.
    let labels = try read(
      #"[{"text": "a", "category": {"id": 7, "name": "x"}}]"#, as: "o.json"
    ).labels
    #expect(labels == [["7"]])
  }

  @Test func `says where records are and what columns of marks are`() throws {
    for (content, name, words) in [
      (#"{"data": [{"text": "a", "label": "x"}]}"#, "d.json", "a list in \"data\"; expected"),
      (
        "text,red,green\na,0,1\nb,1,0\n", "marks.csv",
        "red, green are not read as a column for each label"
      ),
      ("id,text,label\n1,a,x\n1,b,y\n", "ids.csv", "--id none names documents by their lines"),
    ] {
      let error = try #require(throws: InputError.self) { try read(content, as: name) }
      #expect("\(error)".contains(words), "\(error)")
    }
    // A single record with a list next to its text is one.
    let one = try read(#"[{"text": "a", "label": "x", "files": [{"n": 1}]}]"#, as: "one.json")
    #expect(one.texts == ["a"])
  }

  @Test func `several labels in a cell of a column in the singular`() throws {
    let rows = (0..<12).map { "t\($0),l\($0 % 3)|m\($0 % 4)\n" }.joined()
    #expect(try read("text,label\n" + rows, as: "p.csv").labels[5].sorted() == ["l2", "m1"])
    // Where nothing is repeated, it may be part of the name.
    #expect(try read("text,label\na,x|y\nb,z|w\n", as: "q.csv").labels[0] == ["x|y"])
  }

  @Test func `every text of a file may be trained on`() throws {
    let all = (0..<40).map { "text \($0)" }
    func train(_ texts: [String]) throws -> Int {
      try Dataset.read(
        folder.write("text,label\n" + texts.map { "\($0),x\n" }.joined(), to: "few.csv")
      ).train.count
    }
    // Each alone would be a text to test on or not.
    #expect(try all.map { try train([$0]) } == all.map { _ in 1 })
    #expect(try train(all) < 40)
  }

  @Test func `lines of JSON have the columns of a table`() throws {
    let rows = [("one", "a", "x"), ("two", "b", "y")]
    let table = try folder.write(
      "title,text,labels\n" + rows.map { "\($0.0),\($0.1),\($0.2)\n" }.joined(), to: "t.csv")
    let lines = try folder.write(
      rows.map { #"{"title":"\#($0.0)","text":"\#($0.1)","labels":["\#($0.2)"]}"# + "\n" }
        .joined(), to: "t.jsonl")
    for path in [table, lines] {
      let data = try LabelledTextFile.readWhole(path)
      #expect(data.documents.texts.map(Array.init) == ["one\na", "two\nb"], "\(path)")
    }
  }
}

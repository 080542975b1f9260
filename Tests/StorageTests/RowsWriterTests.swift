import Storage
import TestSupport
import Testing

@Suite struct RowsWriterTests {
  private static let row = OutputRow(
    [
      .init("id", .string("7")), .init("note", .string("a,\"b\"\n\tc\\")),
      .init("share", .number(0.25), cell: "0.2500"),
    ],
    list: .init(
      "labels",
      [
        OutputRow([.init("id", column: "label", .string("x"))], rank: 1),
        OutputRow(
          [
            .init("id", column: "label", .string("y")),
            .init("names", column: "label_names", .strings(["p", "q"])),
          ], rank: 2),
      ]))
  private static let columns = ["id", "note", "rank", "label", "label_names", "share"]

  @Test func `an object keeps the order of its fields`() {
    #expect(
      RowsWriter(.jsonl, columns: []).lines(of: Self.row)
        == #"{"id":"7","note":"a,\"b\"\n\tc\\","share":0.25,"#
        + #""labels":[{"id":"x"},{"id":"y","names":["p","q"]}]}"# + "\n")
    #expect(RowsWriter(.jsonl, columns: ["id"]).header.isEmpty)
  }

  @Test func `a table has a line for each row within`() {
    let writer = RowsWriter(.tsv, columns: Self.columns)
    #expect(writer.header == "id\tnote\trank\tlabel\tlabel_names\tshare\n")
    #expect(
      writer.lines(of: Self.row)
        == #"7 a,"b"\n\tc\\ 1 x  0.2500"#.replacing(" ", with: "\t") + "\n"
        + #"7 a,"b"\n\tc\\ 2 y p_q 0.2500"#.replacing(" ", with: "\t").replacing("_", with: " ")
        + "\n")
  }

  @Test func `CSV quotes commas, quotation marks and line ends`() {
    let lines = RowsWriter(.csv, columns: ["note", "label", "none"]).lines(of: Self.row)
    #expect(lines == "\"a,\"\"b\"\"\n\tc\\\",x,\n\"a,\"\"b\"\"\n\tc\\\",y,\n")
    #expect(
      RowsWriter(.csv, columns: ["a"]).lines(of: OutputRow([.init("a", .string("x\ry"))]))
        == "\"x\ry\"\n")
  }

  @Test func `a row without rows within is a line`() {
    var row = Self.row
    row.list?.rows = []
    #expect(RowsWriter(.tsv, columns: ["id", "rank", "label"]).lines(of: row) == "7\t\t\n")
    #expect(RowsWriter(.jsonl, columns: []).lines(of: row).hasSuffix(#""labels":[]}"# + "\n"))
  }

  @Test func `values become cells`() {
    func cell(_ value: JSONValue) -> String {
      RowsWriter(.tsv, columns: ["x"]).lines(of: OutputRow([.init("x", value)]))
    }
    #expect(cell(.boolean(true)) == "1\n" && cell(.boolean(false)) == "0\n")
    #expect(cell(.null) == "\n" && cell(.number("1e3")) == "1e3\n")
    #expect(cell(.number(.infinity)) == "\n")
  }

  @Test func `the end of a path names a format`() {
    #expect(RowsFormat(path: "a.b/x.JSONL") == .jsonl && RowsFormat(path: "x.csv") == .csv)
    #expect(RowsFormat(path: "csv") == nil && RowsFormat(path: "x.txt") == nil)
  }

  @Test func `a file appears whole`() throws {
    let folder = try TemporaryFolder()
    let writer = RowsWriter(.csv, columns: ["id"])
    try writer.write([Self.row], to: folder.file("x.csv"))
    #expect(try folder.text("x.csv") == "id\n7\n7\n")
    #expect(try folder.names() == ["x.csv"])
  }

  @Test func `captions are first lines without the name`() {
    #expect("use::editing: Editing\nIt edits.".caption(of: "use::editing", 40) == "Editing")
    #expect("\n a  text\r\nmore".caption(of: "x", 40) == "a text")
    #expect("".caption(of: "x", 40).isEmpty && "abcdef".caption(of: "", 4) == "abc…")
    #expect("use::editing: Editing".title(of: "use::editing", 40) == "use::editing")
    #expect("Editing".title(of: "17803", 40) == "Editing" && "".title(of: "x", 40) == "x")
  }

  @Test func `snippets are on one line and end in an ellipsis`() {
    #expect("a\n b".snippet(10) == "a b" && "abcdef".snippet(4) == "abc…")
    #expect((String(repeating: " ", count: 99) + "a").snippet(10) == "…")
  }
}

import Foundation
import Storage
import TestSupport
import Testing

/// Answers of `predict` and `search`: their texts, and their forms.
@Suite struct AnswerTests {
  private let folder: TemporaryFolder
  private let run: String

  init() throws {
    folder = try TemporaryFolder()
    run = folder.file("run")
    let data = try SmallDataset().write(to: folder.file("data"))
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "4"] + quickly)
  }

  private static let words = (0..<4).map { SmallDataset.word(of: 3, $0) }.joined(separator: " ")

  @Test func `labels are shown with their texts`() throws {
    let shown = try DecantProgram.succeed(["predict", run, "--k", "1", Self.words]).lines
    #expect(shown.count == 2 && shown[0] == Self.words)
    #expect(shown[1].hasSuffix("  label3  \(Self.words)"), "\(shown[1])")
    let json = try DecantProgram.succeed(["predict", run, "--k", "1", "--json", Self.words]).output
    #expect(
      json.hasPrefix(
        #"{"id":"1","text":"\#(Self.words)","labels":[{"id":"label3","text":"\#(Self.words)","score":"#
      ),
      "\(json)")
  }

  @Test func `long texts are cut in lists only`() throws {
    let long = String(repeating: Self.words + "\n ", count: 30)
    let shown = try DecantProgram.succeed(["predict", run, "--k", "1", long]).lines
    #expect(shown.count == 2 && shown[0].count == 120 && shown[0].hasSuffix("…"))
    let json = try DecantProgram.succeed(["predict", run, "--k", "1", "--json", long]).output
    #expect(json.utf8.count > 30 * Self.words.utf8.count)
  }

  @Test func `unknown and cut texts are marked`() throws {
    let settings = try folder.write(
      "{\"features\": {\"maximumWordCount\": 6}}", to: "settings.json")
    let other = folder.file("other")
    try DecantProgram.succeed(
      ["train", folder.file("data"), "--config", settings, "--output", other, "--quiet"]
        + ["--epochs", "1"] + quickly)
    let long = String(repeating: "word3x0 ", count: 7)
    let path = try folder.write("zzz\nword3x0\n\(long)\n", to: "texts")
    let lines = try DecantProgram.succeed(
      ["predict", other, "--k", "1", "--json", "--file", path]
    ).lines
    #expect(lines[0].hasPrefix(#"{"id":"1","text":"zzz","known":false,"labels":["#))
    #expect(!lines[1].contains("known") && !lines[1].contains("cut"))
    #expect(lines[2].contains(#" ","cut":true,"labels""#))
  }

  @Test func `writes tables`() throws {
    let texts = try folder.write("word3x0 word3x1, \"x\"\nword4x0\n", to: "texts")
    let file = folder.file("answers.csv")
    let said = try DecantProgram.succeed(
      ["predict", run, "--k", "2", "--file", texts, "--output", file])
    #expect(said.output.isEmpty && said.messages == "\(file): 2 answers\n")
    let lines = try folder.text("answers.csv").split(separator: "\n")
    #expect(lines.count == 5 && lines[0].hasPrefix("id,text,rank,label,label_text,score"))
    #expect(lines[1].hasPrefix(#"1,"word3x0 word3x1, ""x""",1,label3,word3x0 word3x1 "#))
    #expect(lines[2].hasPrefix(#"1,"word3x0 word3x1, ""x""",2,label"#))
    #expect(lines[3].hasPrefix("2,word4x0,1,label4,"))
    let printed = try DecantProgram.succeed(
      ["predict", run, "--k", "2", "--file", texts, "--output-format", "tsv"])
    #expect(printed.lines[0].hasPrefix("id\ttext\trank\tlabel\tlabel_text\tscore"))
    #expect(printed.lines.count == 5)
  }

  @Test func `a file of answers appears whole or not at all`() throws {
    let texts = try folder.write(Data("word0x0\n".utf8) + [0xE9, 10], to: "texts")
    let file = folder.file("answers.jsonl")
    let command = ["predict", run, "--file", texts, "--output", file]
    try DecantProgram.refuse(command, code: 65, "texts:2:1", "nothing was written")
    #expect(!FileManager.default.fileExists(atPath: file))
    try DecantProgram.succeed(command + ["--skip-bad"])
    let lines = try folder.text("answers.jsonl").split(separator: "\n")
    #expect(lines.count == 2 && lines[0].hasPrefix(#"{"id":"1","text":"word0x0","labels":[{"#))
    #expect(lines[1].hasPrefix(#"{"error":"#) && lines[1].hasSuffix(#""line":2}"#))
  }

  @Test func `documents are found with their texts`() throws {
    let index = folder.file("documents.index")
    let command = ["index", run, "--of", "documents", "--exact", "--output", index]
    let text = SmallDataset().rows[7].text
    let search = ["search", index, run, "--k", "1"]
    try DecantProgram.succeed(command)
    let json = try DecantProgram.succeed(search + ["--json", text]).output
    #expect(
      json.hasPrefix(
        #"{"id":"1","text":"\#(text)","documents":[{"id":"d7","text":"\#(text)","score":"#),
      "\(json)")
    #expect(try DecantProgram.succeed(search + [text]).lines[1].contains("  d7  "))
    let file = folder.file("found.tsv")
    try DecantProgram.succeed(search + ["--output", file, text])
    let lines = try folder.text("found.tsv").split(separator: "\n")
    #expect(lines[0] == "id\ttext\trank\tdocument\tdocument_text\tscore")
    #expect(lines[1].hasPrefix("1\t\(text)\t1\td7\t\(text)\t"))

    try DecantProgram.succeed(command + ["--no-texts"])
    let bare = try DecantProgram.succeed(search + ["--json", text]).output
    #expect(bare.contains(#""documents":[{"id":"d7","score":"#))
  }

  @Test func `several files are answered in order`() throws {
    let files = try ["word3x0\n", "word4x0"].enumerated().map { index, text in
      try folder.write(text, to: "texts\(index)")
    }
    let lines = try DecantProgram.succeed(
      ["predict", run, "--k", "1", "--json", "--file", files[0], "--file", files[1]]
    ).lines
    #expect(lines.count == 2 && lines[0].hasPrefix(#"{"id":"1","text":"word3x0""#))
    #expect(lines[1].hasPrefix(#"{"id":"2","text":"word4x0""#))
    let said = try DecantProgram.succeed(["predict", run, files[0]])
    #expect(said.messages.contains("--file \(files[0])"))
  }

  @Test func `rejects unknown forms`() throws {
    try DecantProgram.refuse(["predict", run, "x", "--output", "x.txt"], code: 64, ".jsonl, .tsv")
    try DecantProgram.refuse(
      ["predict", run, "x", "--json", "--output-format", "csv"], code: 64, "--json")
    try DecantProgram.refuse(
      ["predict", run, "x", "--output", folder.file("no/x.csv")], code: 74, "x.csv")
  }

  @Test func `records keep their ids and columns`() throws {
    let table = try folder.write(
      "key,queue,body,score\nA,vip,\"word3x0\nword3x1\",7\nB,,word4x0,8\n", to: "new.csv")
    let command = ["predict", run, "--k", "1", "--file", table, "--id", "key"]
    let json = try DecantProgram.succeed(command + ["--keep", "queue,score", "--json"]).lines
    #expect(json.count == 2)
    #expect(
      json[0].hasPrefix(
        #"{"id":"A","queue":"vip","input_score":"7","text":"word3x0\nword3x1","labels":[{"id":"label3""#
      ), "\(json[0])")
    let file = folder.file("answers.tsv")
    try DecantProgram.succeed(command + ["--keep", "queue", "--output", file])
    let lines = try folder.text("answers.tsv").split(separator: "\n")
    #expect(lines[0].hasPrefix("id\tqueue\ttext\trank\tlabel\tlabel_text\tscore"))
    #expect(lines[1].hasPrefix(#"A_vip_word3x0\nword3x1_1_label3_"#.replacing("_", with: "\t")))
    #expect(lines[2].hasPrefix("B\t\tword4x0\t1\tlabel4\t"))
    let shown = try DecantProgram.succeed(command + ["--keep", "queue"]).lines
    #expect(shown[0] == "A  vip  word3x0 word3x1")
    try DecantProgram.refuse(
      command + ["--keep", "none"], code: 65, "the column \"none\" to keep is missing")

    let rows = folder.file("rows.npy")
    try DecantProgram.succeed(
      ["embed", run, "--file", table, "--id", "key", "--output", rows])
    #expect(try contents(folder.file("rows.ids.json")) == Data("[\"A\",\"B\"]\n".utf8))
    let embed = ["embed", run, "--file", table, "--id", "key", "--keep", "queue", "--output"]
    try DecantProgram.succeed(embed + [folder.file("rows.jsonl")])
    let vectors = try folder.text("rows.jsonl").split(separator: "\n")
    #expect(vectors.count == 2)
    #expect(
      vectors[1].hasPrefix(#"{"id":"B","queue":"","text":"word4x0","embedding":["#),
      "\(vectors[1])")
    #expect(vectors[1].filter { $0 == "," }.count == 3 + 15)
    try DecantProgram.refuse(embed + [rows], code: 64, "--keep needs")
  }

  /// The columns of the training are those of the answers.
  @Test func `texts are in the columns that the run learnt from`() throws {
    let rows = SmallDataset(documents: 60).rows
    let table = try folder.write(
      "text,body,label\n"
        + rows.map { "nothing,\($0.text),\($0.labels[0])\n" }.joined(), to: "train.csv")
    let other = folder.file("other")
    try DecantProgram.succeed(
      ["train", table, "--text", "body", "--output", other, "--quiet", "--epochs", "1"] + quickly)
    let lines = try DecantProgram.succeed(["predict", other, "--json", "--file", table]).lines
    #expect(lines.count == 60 && lines[0].contains(#""text":"\#(rows[0].text)""#))
  }

  @Test func `records are answered as they arrive`() throws {
    let fifo = folder.file("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    // Open for both, so that neither side waits for the other to open.
    let writer = open(fifo, O_RDWR | O_CLOEXEC)
    let output = folder.file("answers")
    func send(_ text: String) {
      #expect(write(writer, text, text.utf8.count) == text.utf8.count)
    }
    func answers() throws -> [Substring] {
      guard FileManager.default.fileExists(atPath: output) else { return [] }
      return try folder.text("answers").split(separator: "\n")
    }
    send("id,text\nA,\"word3x0\nword3x1\"\nB,\"word4x0")
    let process = try DecantProcess(
      ["predict", run, "--k", "1", "--json", "--format", "csv", "--file", fifo], output: output)
    try process.wait { try answers().count == 1 }
    #expect(process.isRunning)
    #expect(try answers().first?.hasPrefix(#"{"id":"A","text":"word3x0\nword3x1","#) == true)
    send("\nword4x1\"\n")
    try process.wait { try answers().count == 2 }
    #expect(process.isRunning)
    close(writer)
    #expect(try process.wait().code == 0)
    #expect(try answers().last?.hasPrefix(#"{"id":"B","text":"word4x0\nword4x1","#) == true)
  }

  @Test func `unreadable records are named and skipped`() throws {
    let records = try folder.write(
      "{\"text\":\"word3x0\"}\n{\"text\":}\n{\"id\":1}\n{\"text\":\"word4x0\"}\n", to: "a.jsonl")
    let command = ["predict", run, "--k", "1", "--json", "--file", records]
    let outcome = try DecantProgram.run(command)
    #expect(outcome.code == 65 && outcome.lines.count == 4)
    #expect(outcome.messages.contains("2 lines cannot be read: 2, 3; the first: "))
    #expect(outcome.messages.contains("2 other lines answered"))
    #expect(try DecantProgram.succeed(command + ["--skip-bad"]).lines.count == 4)
    #expect(try DecantProgram.succeed(command + ["--format", "lines"]).lines.count == 4)
  }
}

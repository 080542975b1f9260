import Foundation
import TestSupport
import Testing
import Torch

@Suite struct DataFormatTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `imports, trains on and exports a text dataset`() throws {
    try FileManager.default.createDirectory(
      atPath: folder.file("source"), withIntermediateDirectories: true)
    let rows = SmallDataset(documents: 100).rows
    func lines(_ range: Range<Int>) -> String {
      range.map { index in
        let labels = rows[index].labels.map { $0.dropFirst("label".count) }.joined(separator: ",")
        return "{\"uid\":\"d\(index)\",\"title\":\"\(rows[index].text)\",\"content\":\"\","
          + "\"target_ind\":[\(labels)]}\n"
      }.joined()
    }
    try folder.write(lines(0..<80), to: "source/trn.json")
    try folder.write(lines(80..<100), to: "source/tst.json")
    let labels = (0..<SmallDataset.labelCount).map { "{\"uid\":\"label\($0)\",\"title\":\"t\"}\n" }
    try folder.write(labels.joined(), to: "source/lbl.json")
    try folder.write("0 3\n19 4\n", to: "source/filter_labels_test.txt")
    let data = folder.file("data")
    let outcome = try DecantProgram.succeed([
      "data", "import", "--format", "xmc-text", folder.file("source"), "--output", data,
      "--propensity", "amazon",
    ])
    #expect(
      outcome.output
        == "\(data): 80 train and 20 test documents, 20 labels, 2 filter pairs\n")
    let run = folder.file("run")
    try DecantProgram.succeed(["train", data, "--output", run, "--quiet"] + quickly)
    let evaluation = try Evaluation.of(run)
    #expect(evaluation.values["filter_pairs"] == 2 && evaluation.propensity["a"] == 0.6)

    let bags = folder.file("bags")
    try DecantProgram.succeed(["data", "export", data, "--format", "svmlight", "--output", bags])
    #expect(try names(in: bags) == ["filter_labels_test.txt", "test.txt", "train.txt"])
    let again = folder.file("again")
    try DecantProgram.succeed([
      "data", "import", bags, "--format", "svmlight", "--output", again,
    ])
    #expect(try names(in: again).contains("filter-test.jsonl"))
  }

  @Test func `rejects bad sources`() throws {
    let source = folder.file("source")
    let command = ["data", "import", source, "--output", folder.file("data"), "--format"]
    try DecantProgram.refuse(command + ["xmc-text"], code: 74, "lbl.json.gz")
    try DecantProgram.refuse(command + ["svmlight"], code: 74, source)
    try DecantProgram.refuse(command + ["bogus"], code: 64, "bogus")
    try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
    try folder.write("1 1 1\n0 3:1\n", to: "source/train.txt")
    try DecantProgram.refuse(command + ["svmlight"], code: 65, "train.txt:2:3")
    #expect(try names(in: folder.file("data")).isEmpty)
    let data = try SmallDataset().write(to: folder.file("small"))
    try DecantProgram.refuse(
      ["data", "export", data, "--format", "svmlight", "--output", data], code: 65, "is not empty")
  }
}

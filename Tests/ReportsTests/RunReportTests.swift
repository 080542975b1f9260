import Datasets
import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@testable import Models
@testable import Reports
@testable import Training

@Suite struct RunReportTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func train(
    _ data: String, _ name: String = "run", patience: Int? = nil, epochs: Int = 3
  ) throws -> RunFolder {
    let run = RunFolder(path: folder.file(name))
    let settings = TrainingConfiguration(
      dataset: data, model: .init(encoder: .init(dimension: 8)),
      optimization: .init(batchSize: 32, tableLearningRate: 0.1, learningRate: 0.05),
      loop: TrainingLoop(epochs: epochs, patience: patience), seed: 1, threads: 1)
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
    return run
  }

  private func page(_ run: RunFolder, _ split: TrainedModel.SplitName? = nil) throws -> String {
    let html = try RunReport(TrainedModel(folder: run), split: split).html()
    expectSound(html)
    return html
  }

  /// All tags are closed in order, nothing is fetched, no script is there.
  private func expectSound(_ html: String) {
    var open: [Substring] = []
    for tag in html.matches(of: /<(\/?)([a-zA-Z0-9]+)([^>]*?)(\/?)>/) {
      let (_, closing, name, attributes, single) = tag.output
      #expect(!attributes.contains("<"), "\(tag.output.0)")
      if closing.isEmpty {
        if single.isEmpty && name != "meta" { open.append(name) }
      } else {
        #expect(open.popLast() == name, "\(tag.output.0) closes \(open.suffix(3))")
      }
    }
    #expect(open.isEmpty, "\(open)")
    let tags = html.matches(of: /<[^>]*>/).map { String($0.output) }.joined(separator: "\n")
    #expect(!tags.contains("<script") && !tags.contains("nan") && !tags.contains("inf\""))
    #expect(!tags.contains(/\s(src|srcset|data|action|xlink:href)\s*="/))
    #expect(!tags.contains(/href\s*=\s*"[^#]/) && !tags.contains(/\son[a-z]+\s*="/))
    #expect(!html.contains(/url\(|@import/))
    #expect(html.utf8.count < 2_000_000)
    expectTablesWithinReach(html)
  }

  /// Every table scrolls by keyboard, no two have the same name, and every heading has text.
  private func expectTablesWithinReach(_ html: String) {
    let regions = html.matches(
      of: /<div class="scroll" role="region" aria-label="([^"]+)" tabindex="0"><table>/)
    #expect(regions.count == html.matches(of: /<table/).count && !regions.isEmpty)
    #expect(Set(regions.map(\.output.1)).count == regions.count)
    #expect(!html.contains(/<th[^>]*><\/th>/))
  }

  private func write(_ files: [String: [String]]) throws -> String {
    try FileManager.default.createDirectory(
      atPath: folder.file("data"), withIntermediateDirectories: true)
    for (name, lines) in files {
      try writeAtomically(lines.map { $0 + "\n" }.joined(), to: folder.file("data/\(name).jsonl"))
    }
    return folder.file("data")
  }

  @Test func `a calibrated report has all sections and is deterministic`() throws {
    let data = try SmallDataset().write(
      to: folder.file("data"), parts: ["train", "validation", "test"])
    let run = try train(data, patience: 2)
    let before = try page(run)
    #expect(before.contains("decant calibrate RUN</code> fits a calibration"))
    _ = try TrainedModel(folder: run).calibrate()
    let html = try page(run)
    for section in [
      "Summary", "Training", "Metrics", "Labels by frequency", "Calibration", "Confusion",
      "Examples", "Map", "Settings",
    ] {
      #expect(html.contains("<h2>\(section)</h2>"), "\(section)")
    }
    #expect(html.contains("validation, percent") && html.contains("loop.patience"))
    #expect(html.contains("60 test documents") && html.contains("All 60 documents"))
    #expect(try page(run) == html)
    let held = try page(run, .validation)
    #expect(held.contains("Cross-fitted") && held.contains("slightly optimistic"))
  }

  @Test func `escapes hostile names and texts`() throws {
    let small = SmallDataset(documents: 80)
    let name = "<script>alert(1)</script>&'\\\"%s%n"
    let rows = small.rows.map { row in
      row.labels.map { $0 == "label0" ? name : $0 }.map { "\"\($0)\"" }.joined(separator: ",")
    }
    let data = try write([
      "documents": small.rows.indices.map {
        "{\"id\":\"<b>\($0)\",\"text\":\"<img src=x onerror=alert(2)> \(small.rows[$0].text)\"}"
      },
      "labels": (0..<20).map {
        "{\"id\":\"\($0 == 0 ? name : "label\($0)")\",\"text\":\"<svg onload='x'>\"}"
      },
      "train": (0..<60).map { "{\"id\":\"<b>\($0)\",\"labels\":[\(rows[$0])]}" },
      "test": (60..<80).map { "{\"id\":\"<b>\($0)\",\"labels\":[\(rows[$0])]}" },
    ])
    let html = try page(train(data, "<i>run", epochs: 1))
    #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;&quot;%s%n"))
    #expect(html.contains("&lt;img src=x onerror=alert(2)&gt;"))
    #expect(html.contains("<title>&lt;i&gt;run</title>"))
    #expect(!html.contains("<img") && !html.contains("<i>run") && !html.contains("<svg onload"))
  }

  @Test func `reports a run of one label and few documents`() throws {
    let data = try write([
      "documents": (0..<8).map { "{\"id\":\"d\($0)\",\"text\":\"word other \($0 % 2)\"}" },
      "labels": ["{\"id\":\"only\"}"],
      "train": (0..<6).map { "{\"id\":\"d\($0)\",\"labels\":[\"only\"]}" },
      "test": ["{\"id\":\"d6\",\"labels\":[\"only\"]}", "{\"id\":\"d7\",\"labels\":[]}"],
    ])
    let html = try page(train(data, epochs: 1))
    #expect(html.contains("No label was predicted in place of another."))
    #expect(html.contains("1 of 2 documents have no labels and do not count"))
    #expect(html.contains("it was trained on the whole training part"))
  }

  @Test func `reports a missing test split, rejects it on request`()
    throws
  {
    let data = try SmallDataset(documents: 60).write(to: folder.file("data"), parts: ["train"])
    let run = try train(data, epochs: 1)
    let html = try page(run)
    #expect(html.contains("The run could not be evaluated") && html.contains("no test documents"))
    #expect(!html.contains("<h2>Metrics</h2>") && html.contains("<h2>Training</h2>"))
    let error = #expect(throws: InputError.self) { try page(run, .test) }
    #expect(error?.reason.contains("no test documents") == true)
    // The report is written without the data set, and without the history.
    try FileManager.default.removeItem(atPath: data)
    try FileManager.default.removeItem(atPath: run.metrics)
    let rest = try page(run)
    #expect(rest.contains("could not be evaluated") && rest.contains("no metrics.jsonl"))
  }

  @Test func `evaluates on validation without a test split`() throws {
    let data = try SmallDataset(documents: 100).write(
      to: folder.file("data"), parts: ["train", "validation"])
    let html = try page(train(data, patience: 1, epochs: 1))
    #expect(html.contains("validation documents") && html.contains("slightly optimistic"))
  }

  @Test func `documents and labels are shown by their texts`() throws {
    let data = try write([
      "documents": (0..<40).map { "{\"id\":\"\($0)\",\"text\":\"word\($0 % 4) says \($0)\"}" },
      "labels": (0..<4).map { "{\"id\":\"1780\($0)\",\"text\":\"Meaning \($0)\"}" },
      "train": (0..<30).map { "{\"id\":\"\($0)\",\"labels\":[\"1780\($0 % 4)\"]}" },
      "test": (30..<40).map { "{\"id\":\"\($0)\",\"labels\":[\"1780\($0 % 4)\"]}" },
    ])
    let html = try page(train(data, epochs: 2))
    #expect(html.contains("<h4>word3 says 31 <span class=\"id\">31</span></h4>"))
    #expect(html.contains(" Meaning 3</span>") && html.contains("title=\"17803: Meaning 3\""))
    #expect(!html.contains("</span> 17803"))
  }

  @Test func `an inspection's page shows problems with their texts`() throws {
    let data = try write([
      "documents": (0..<12).map {
        "{\"id\":\"d\($0)\",\"text\":\"<b>word\($0 / 2) of a longer text\"}"
      },
      "labels": (0..<2).map { "{\"id\":\"\($0)\",\"text\":\"<i>Meaning \($0)\"}" },
      "train": (0..<8).map { "{\"id\":\"d\($0)\",\"labels\":[\"\($0 % 2)\"]}" },
      "test": (8..<12).map { "{\"id\":\"d\($0)\",\"labels\":[\"\($0 % 2)\"]}" },
    ])
    let html = InspectionPage(
      DatasetInspection(try Dataset.read(data)), settings: ["a <sentence>"]
    ).html()
    expectSound(html)
    for section in ["Summary", "Warnings", "Decides the settings", "Copies", "Labels"] {
      #expect(html.contains("<h2>\(section)</h2>"), "\(section)")
    }
    #expect(html.contains("<h4>d0, d1</h4>\n<p class=\"text\">&lt;b&gt;word0 of a longer text</p>"))
    #expect(html.contains("<span>&lt;i&gt;Meaning 1</span>") && html.contains("a &lt;sentence&gt;"))
    #expect(html.contains("every training document has one label"))
  }

  @Test func `shows features of documents`() throws {
    let data = try write([
      "documents": (0..<40).map {
        "{\"id\":\"d\($0)\",\"features\":{\"f<\($0 % 4)>\":2,\"common\":1}}"
      },
      "labels": (0..<4).map { "{\"id\":\"l\($0)\"}" },
      "train": (0..<30).map { "{\"id\":\"d\($0)\",\"labels\":[\"l\($0 % 4)\"]}" },
      "test": (30..<40).map { "{\"id\":\"d\($0)\",\"labels\":[\"l\($0 % 4)\"]}" },
    ])
    let html = try page(train(data, epochs: 2))
    #expect(html.contains("f&lt;1&gt;, common"))
  }
}

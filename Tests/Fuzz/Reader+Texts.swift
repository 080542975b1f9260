import Datasets
import Foundation
import Media
import Storage
import Torch

/// Readers of lines: data sets, feedback, package lists.
extension Reader {
  static let texts: [Reader] = [
    Reader(
      name: "jsonl", weight: 12, tokens: ["\"text\":", "\"labels\":", "\"weights\":", "\"id\":"],
      make: { folder in
        try Sample.rows.enumerated().map { index, row in
          "{\"id\":\"d\(index)\",\"text\":\"\(row.text)\",\"labels\":[\"\(row.label)\",\"all\"],"
            + "\"weights\":[0.5,\(index)]}\n"
        }.joined().write(to: folder, "data.jsonl")
      },
      read: { folder in
        let path = "\(folder)/data.jsonl"
        let kept = try Dataset.read(path, badLines: .skip)
        _ = DatasetInspection(kept).table()
        _ = try Dataset.read(path)
      }),
    Reader(
      name: "tables", weight: 8,
      tokens: [
        "\"", "\"\"", ",", ";", "|", "\t", "\r\n", "text", "labels", "__label__", "<http://x>",
        "[\"a\"]",
      ],
      make: { folder in
        try
          ("id,text,labels\n"
          + Sample.rows.enumerated().map { index, row in
            let text = row.text.replacing("\\\"", with: "\"\"")
            return "\(index),\"\(text), more\nlines\",\(row.label);all\n"
          }.joined()).write(to: folder, "data.csv")
        try Sample.rows.map { "__label__\($0.label) \($0.text)\n" }.joined()
          .write(to: folder, "data.txt")
        try
          ("["
          + Sample.rows.map {
            "{\"body\": \"\($0.text)\",\n \"tags\": [{\"id\": \"\($0.label)\"}]}"
          }
          .joined(separator: ",\n") + "]").write(to: folder, "data.json")
      },
      read: { folder in
        for name in ["data.csv", "data.txt", "data.json"] {
          do {
            _ = DatasetInspection(try Dataset.read("\(folder)/\(name)", badLines: .skip)).table()
          } catch is InputError {}
        }
        _ = try Dataset.read(
          "\(folder)/data.csv", DataReading(text: "text", validation: "\(folder)/data.txt"))
      }),
    Reader(
      name: "folder", weight: 8,
      tokens: [
        "\"id\":", "\"text\":", "\"features\":{", "\"labels\":", "\"propensity\":{\"a\":0,\"b\":1}",
      ],
      make: { folder in
        let rows = Sample.rows.enumerated()
        func lines(_ name: String, _ make: (Int, (text: String, label: String)) -> String?) throws {
          try rows.compactMap(make).map { $0 + "\n" }.joined().write(to: folder, name + ".jsonl")
        }
        func split(_ name: String, _ range: Range<Int>) throws {
          try lines(name) { index, row in
            range.contains(index) ? "{\"id\":\"d\(index)\",\"labels\":[\"\(row.label)\"]}" : nil
          }
        }
        try lines("documents") { "{\"id\":\"d\($0)\",\"text\":\"\($1.text)\"}" }
        try Set(Sample.rows.map(\.label)).sorted().map {
          "{\"id\":\"\($0)\",\"text\":\"of \($0)\"}\n"
        }
        .joined().write(to: folder, "labels.jsonl")
        try split("train", 0..<8)
        try split("validation", 6..<8)
        try split("test", 8..<12)
        try split("filter-test", 9..<10)
        try """
        {"name": "small", "summary": "", "origins": [{"source": "here"}], "propensity": {"a": 0.55, "b": 1.5}}
        """.write(to: folder, "dataset.json")
      },
      read: { folder in
        let dataset = try Dataset.read(folder, badLines: .skip)
        _ = DatasetInspection(dataset.carvingValidation()).table()
        _ = try Dataset.read(folder)
      }),
    Reader(
      name: "features", weight: 3, tokens: ["\"features\":{", "1e30", "-0.0"],
      keeps: ["labels.jsonl"],
      make: { folder in
        try (0..<6).map { index in
          "{\"id\":\"d\(index)\",\"features\":{\"f\(index)\":1,\"g\":\(index).5,\"h\":-2e-3}}\n"
        }.joined().write(to: folder, "documents.jsonl")
        try "{\"id\":\"a\"}\n".write(to: folder, "labels.jsonl")
        try (0..<6).map { "{\"id\":\"d\($0)\",\"labels\":[\"a\"],\"weights\":[0.25]}\n" }.joined()
          .write(to: folder, "train.jsonl")
      },
      read: { folder in try readFeatures(Dataset.read(folder)) }),
    Reader(
      name: "feedback", weight: 8,
      tokens: ["\"text\":", "\"labels\":", "\"rejected\":", "\"label\":"],
      make: { folder in
        try """
        {"text": "a red apple", "labels": ["fruit"], "rejected": ["tool"]}
        {"label": "new", "text": "what is new"}
        {"text": "caf\u{e9}", "labels": [], "rejected": ["fruit"]}
        {"text": "cafe\u{301}", "labels": ["new", "tool"]}

        """.write(to: folder, "feedback.jsonl")
      },
      read: { folder in
        let feedback = try FeedbackFile(contentsOf: "\(folder)/feedback.jsonl")
        _ = try Sample.dataset.taking(feedback)
      }),
    Reader(
      name: "svmlight", weight: 8, tokens: ["12 5 3\n", "0,1,2 ", "4:1", ":", "\n 0:1"],
      make: { folder in
        try "6 5 3\n0,2 0:1 4:0.5\n1 1:2\n 2:1e-3 3:-1\n0\n2 0:1 1:1 2:1\n1,2 4:7\n"
          .write(to: folder, "x_train.txt")
        try "2 5 3\n0 0:1\n2 3:1\n".write(to: folder, "x_test.txt")
        try "0 1\n1 0\n".write(to: folder, "filter_labels_test.txt")
        try "0 0\n0 1\n5 2\n".write(to: folder, "filter_labels_train.txt")
      },
      read: { folder in try readFeatures(SVMLightFolder.read(folder)) }),
    Reader(
      name: "extreme", weight: 6,
      tokens: ["\"uid\":", "\"title\":", "\"content\":", "\"target_ind\":", "\"target_rel\":"],
      make: { folder in try writeExtremeTexts(to: folder) },
      read: { folder in _ = DatasetInspection(try ExtremeTextFolder.read(folder)).table() }),
    Reader(
      // Each case starts two processes.
      name: "gzip", weight: 1, keeps: ["lbl.json", "tst.json"],
      make: { folder in
        try writeExtremeTexts(to: folder)
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-n", "\(folder)/trn.json"]
        try gzip.run()
        gzip.waitUntilExit()
      },
      read: { folder in _ = try ExtremeTextFolder.read(folder) }),
    Reader(
      name: "debian", weight: 6,
      tokens: [
        "Package: ", "Version: 1:2~3-4", "Filename: x", "Description-md5: ", "Tag: ", "Depends: ",
        "Provides: ", "\n .\n", "\n\n", " | b (>= 1)", "Description-en: ", "Source: a (1)",
      ],
      make: { folder in
        try (0..<6).map { index in
          """
          Package: p\(index)
          Version: \(index):1.0~rc\(index)-2
          Source: s\(index / 2) (1.0)
          Section: contrib/games
          Tag: use::gaming, interface::x11,
           works-with::text
          Depends: p\((index + 1) % 6) (>= 1) | virtual, p2 [amd64]
          Provides: virtual
          Description: a package
           with a long text
           .
           of lines
          Description-md5: \(index)a
          Filename: pool/p\(index).deb


          """
        }.joined().write(to: folder, "Packages")
        try """
        Package: p1
        Description-md5: 1a
        Description-en: a translated package
         with lines

        """.write(to: folder, "Translation-en")
        try "Tag: use::gaming\nDescription: Games\n to play\n\n".write(to: folder, "vocabulary")
      },
      read: { folder in
        let archive = try DebianArchive(
          DebianLists(
            packages: ["\(folder)/Packages"], translations: ["\(folder)/Translation-en"],
            vocabulary: "\(folder)/vocabulary"))
        for task in DebianTask.allCases {
          do { _ = try task.dataset(of: archive) } catch is InputError {}
        }
      }),
    Reader(
      name: "series", weight: 6,
      tokens: ["@data\n", "@classLabel true a b\n", ":a\n", "1,2,3", "@timeStamps true", "?"],
      make: { folder in
        try
          "@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n1,2,3:0,1,2:a\n4,5:5,6:b\n"
          .write(to: folder, "x.ts")
      },
      read: { folder in
        let set = try SeriesSet(ts: "\(folder)/x.ts")
        _ = set.values.sum().scalar
      }),
  ]

  /// The first steps of training on feature documents.
  private static func readFeatures(_ dataset: Dataset) throws {
    _ = DatasetInspection(dataset).table()
    guard case .features(let matrix, let names) = dataset.documents.content else { return }
    let features = try TextFeatures(learningFrom: matrix, names: names)
    _ = try features.bags(of: matrix, names: names)
  }

  private static func writeExtremeTexts(to folder: String) throws {
    func records(_ range: Range<Int>) -> String {
      range.map { index in
        "{\"uid\": \"u\(index)\", \"title\": \"\(Sample.rows[index].text)\", \"content\": \"more\", "
          + "\"target_ind\": [\(index % 3)], \"target_rel\": [1.0]}\n"
      }.joined()
    }
    try records(0..<8).write(to: folder, "trn.json")
    try records(8..<12).write(to: folder, "tst.json")
    try (0..<3).map { "{\"uid\": \"l\($0)\", \"title\": \"label \($0)\"}\n" }.joined()
      .write(to: folder, "lbl.json")
    try "0 1\n1 0\n".write(to: folder, "filter_labels_test.txt")
  }
}

/// A few sample documents.
enum Sample {
  static let rows: [(text: String, label: String)] = (0..<12).map { index in
    let label = ["fruit", "tool", "beast"][index % 3]
    let words = ["an apple \\u00e9 ripe", "a hammer \\\"and\\\" nails", "the grey wolf"][index % 3]
    return ("\(words) number \(index) of many", label)
  }

  /// A data set of texts in memory.
  static let dataset: Dataset = {
    let labels = ["fruit", "tool", "beast"]
    let split = Split(
      documentIndices: MappedArray((0..<12).map { Int32($0) }),
      labels: CSRMatrix(rows: (0..<12).map { [$0 % 3] }, columnCount: 3))
    return Dataset(
      documents: Documents(
        ids: TextColumn((0..<12).map { "d\($0)" }),
        content: .texts(TextColumn(rows.map(\.text)))),
      labels: Labels(ids: TextColumn(labels)), train: split,
      description: DatasetDescription(name: "sample"))
  }()
}

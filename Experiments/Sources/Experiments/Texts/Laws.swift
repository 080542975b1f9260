import Datasets
import Foundation
import Storage

/// Titles and texts of laws of the European Union, and the names of their subjects.
struct Laws: Dependent {
  /// Training pairs: rows with equal indices match.
  let titles: CSRMatrix
  let texts: CSRMatrix
  /// The laws for evaluation.
  let testTitles: CSRMatrix
  let testTexts: CSRMatrix
  /// The subjects of each evaluation law, as rows of `subjects`.
  let testSubjects: [Set<Int>]
  /// The names of subjects with ten or more evaluation laws, as bags.
  let subjects: CSRMatrix

  /// Reads every fourth law of EURLEX57K's training part for training, and every fourth of the test
  /// part for evaluation, or of the development part for tuning.
  ///
  /// - Throws: `InputError` if the files are missing, with the files to download.
  init(_ options: ExperimentOptions) throws {
    let folder = DataFolder(path: options.data)
    let origin = "EURLEX57K's documents as JSON lines, and its labels, packed with xz"
    func laws(_ name: String) throws -> [Law] {
      let lines = try folder.unpackedText("eurlex57k/\(name).jsonl.xz", origin: origin)
        .utf8.split(separator: 10)
      return try stride(from: 0, to: lines.count, by: 4).map {
        try JSONDecoder().decode(Law.self, from: Data(lines[$0]))
      }
    }
    let names = try JSONDecoder().decode(
      [String: Subject].self,
      from: Data(folder.unpackedText("eurlex57k/eurovoc_labels.json.xz", origin: origin).utf8))
    let train = try laws("train")
    let test = try laws(options.part == .test ? "test" : "dev").filter { !$0.concepts.isEmpty }
    var counts: [String: Int] = [:]
    for concept in test.flatMap(\.concepts) { counts[concept, default: 0] += 1 }
    let kept = counts.filter { $0.value >= 10 && names[$0.key] != nil }.keys.sorted()
    let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    let judged = test.filter { law in law.concepts.contains { places[$0] != nil } }
    let features = try TextFeatures(
      learningFrom: train.map { $0.title + "\n" + $0.text },
      configuration: .init(families: [.init(.words, of: .text)], minimumDocumentCount: 3),
      threads: options.threads)
    func bags(_ texts: [String]) -> CSRMatrix { features.bags(of: texts, threads: options.threads) }
    (titles, texts) = (bags(train.map(\.title)), bags(train.map(\.text)))
    (testTitles, testTexts) = (bags(judged.map(\.title)), bags(judged.map(\.text)))
    testSubjects = judged.map { Set($0.concepts.compactMap { places[$0] }) }
    subjects = bags(kept.compactMap { names[$0]?.label })
  }

  static var uses: [Any.Type] { [TextFeatures.self] }

  /// The number of words.
  var featureCount: Int { titles.columnCount }

  private struct Law: Decodable {
    let title: String
    let concepts: [String]
    let recitals: String
    let articles: [String]

    private enum CodingKeys: String, CodingKey {
      case title, concepts, recitals
      case articles = "main_body"
    }

    /// The first 150 words after the title.
    var text: String {
      (recitals + " " + articles.joined(separator: " "))
        .split(maxSplits: 150, whereSeparator: \.isWhitespace).prefix(150).joined(separator: " ")
    }
  }

  private struct Subject: Decodable {
    let label: String
  }
}

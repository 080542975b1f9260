import Datasets
import Evaluation
import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@testable import Models
@testable import Training

/// Near-copies stay on one side of the splits that Decant draws.
@Suite struct NearCopySplitTests {
  /// 120 texts, each in five forms that differ by a number and by case.
  private let dataset: Dataset

  init() {
    var random = SplitMix64(17)
    let words = (0..<90).map { "w\(Character(UnicodeScalar(97 + UInt8($0 % 26))))x\($0)" }
    let subjects = (0..<120).map { _ in
      (0..<5).map { _ in words[random.below(words.count)] }.joined(separator: " ")
    }
    let texts = subjects.flatMap { text in
      (0..<5).map { "\($0 % 2 == 0 ? text : text.uppercased()) number \($0)" }
    }
    let labels = CSRMatrix(rows: texts.indices.map { [$0 / 5 % 12] }, columnCount: 12)
    let train = Split(
      documentIndices: MappedArray(texts.indices.map(Int32.init)), labels: labels)
    dataset = Dataset(
      documents: Documents(
        ids: TextColumn(texts.indices.map { "d\($0)" }), content: .texts(TextColumn(texts))),
      labels: Labels(ids: TextColumn((0..<12).map { "label\($0)" })), train: train,
      description: DatasetDescription(name: "copies", statistics: .init(train: train)))
  }

  /// Whether no group of five is divided.
  private func isWhole(_ rows: some Sequence<Int>) -> Bool {
    let rows = Set(rows)
    return rows.allSatisfy { row in (row / 5 * 5..<row / 5 * 5 + 5).allSatisfy(rows.contains) }
  }

  @Test func `a carved validation part has whole groups`() throws {
    let carved = try #require(dataset.carvingValidation().validation)
    #expect(carved.count > 20 && isWhole(carved.documentIndices.map(Int.init)))
    let older = try #require(
      dataset.carvingValidation(keepingCopiesTogether: false).validation)
    #expect(!isWhole(older.documentIndices.map(Int.init)))
  }

  @Test func `folds have whole groups`() {
    let folds = CrossValidation.folds(of: dataset, count: 4)
    #expect(Set(folds).count == 4)
    for fold in 0..<4 { #expect(isWhole(folds.indices.filter { folds[$0] == fold })) }
  }

  @Test func `a pilot has whole groups on each side`() throws {
    let judge = try #require(
      HeldOutJudge(
        dataset, learning: 400, judging: 400, share: (500, 500), decantVersion: "test"))
    #expect(judge.copies.documentCount == 600 && judge.copies.groupCount == 120)
    #expect(judge.learntCount % 5 == 0 && judge.judgedCount % 5 == 0)
    #expect(judge.learntCount + judge.judgedCount == 600)
    let folds = HeldOutJudge.folds(5, of: dataset, decantVersion: "test")
    #expect(folds.count == 5 && folds.allSatisfy { $0.judgedCount % 5 == 0 })
  }

  @Test func `a run remembers how its validation part was drawn`() throws {
    let folder = try TemporaryFolder()
    var settings = TrainingConfiguration(dataset: "", threads: 1)
    settings.model.encoder.dimension = 8
    settings.loop = TrainingLoop(epochs: 1, patience: 1)
    let run = RunFolder(path: folder.file("run"))
    let record = try Trainer(settings, folder: run, decantVersion: "test", dataset: dataset).run(
      resuming: false)
    #expect(record.documents % 5 == 0 && record.documents < 600)
    #expect(try DatasetIdentity.keepsCopiesTogether(in: run))
    // A run of an older version has no such key.
    let text = String(decoding: try contents(run.dataset), as: UTF8.self)
    let older = text.replacing(#/,?\s*"keepsCopiesTogether"\s*:\s*true/#, with: "")
    #expect(older != text)
    try writeAtomically(older, to: run.dataset)
    #expect(try !DatasetIdentity.keepsCopiesTogether(in: run))
  }
}

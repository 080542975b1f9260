import Datasets
import Evaluation
import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch

@testable import Training

/// Trainings that learn from the scores of other runs.
@Suite struct TeacherTests {
  private static let common = ["alpha", "bravo", "delta"]
  private static let rare = ["qqzzqz", "jjxxjx", "kkvvkv"]
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func settings(_ path: String, epochs: Int = 12) -> TrainingConfiguration {
    TrainingConfiguration(
      dataset: path, features: .init(minimumDocumentCount: 1),
      model: .init(encoder: .init(dimension: 16)),
      optimization: .init(batchSize: 32, tableLearningRate: 0.1, learningRate: 0.05),
      loop: TrainingLoop(epochs: epochs), seed: 1, threads: 1)
  }

  /// Texts of one unique word each, with one of two labels by chance.
  private func unlearnable(seed: UInt64 = 6) throws -> String {
    var random = SplitMix64(seed)
    var lines = ""
    for number in 0..<120 {
      let label = random.below(2) == 0 ? "odd" : "even"
      lines += "{\"text\":\"thing unique\(number)x\",\"labels\":[\"\(label)\"]}\n"
    }
    return try folder.write(lines, to: "data\(seed).jsonl")
  }

  private func train(
    _ path: String, as name: String, _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> RunFolder {
    let run = RunFolder(path: folder.file(name))
    var configuration = settings(path)
    change(&configuration)
    _ = try Trainer(configuration, folder: run, decantVersion: "test").run(resuming: false)
    return run
  }

  private func scores(_ teacher: TeacherConfiguration, of dataset: Dataset, at path: String) throws
    -> CSRMatrix
  {
    try TeacherScores(
      teacher, of: dataset.train, unlabelledCount: 0, in: dataset, at: path, threads: 1,
      file: "settings"
    ).scores
  }

  /// The share of training documents whose best label by some scores is one of the given ones.
  private func precision(_ scores: CSRMatrix, _ dataset: Dataset) -> Double {
    let hits = (0..<scores.rowCount).count { row in
      let best = scores.entries(ofRow: row).max { scores.values![$0] < scores.values![$1] }
      return best.map { dataset.train.labels.columns(ofRow: row).contains(scores.columns[$0]) }
        ?? false
    }
    return Double(hits) / Double(scores.rowCount)
  }

  @Test func `a run gives the mean scores of its best labels`() throws {
    let path = try unlearnable()
    let dataset = try Dataset.read(path)
    let runs = try [1, 2].map { seed in
      try train(path, as: "run\(seed)") { $0.seed = UInt64(seed) }
    }
    let models = try runs.map { try TrainedModel(folder: $0, threads: 1) }
    let found = try scores(.init(runs: runs.map(\.path), listLength: 1), of: dataset, at: path)
    let inputs = try models.map {
      try $0.inputs(ofRows: dataset.train.documentIndices, in: dataset, at: path)[0]
    }
    let ranking = try models[0].averaged(with: [models[1]]).ranker.topK(1, of: inputs)
    #expect(Array(found.columns) == ranking.labels)
    #expect(found.values.map { Array($0) } == ranking.scores)
    #expect(precision(found, dataset) > 0.95)
  }

  /// Labelled texts have one of three common words, unlabelled ones a rare word, too.
  ///
  /// The teacher's data have labels for both.
  private func partlyLabelled(_ name: String, labels isWhole: Bool) throws -> String {
    let path = folder.file(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    var (documents, train) = ("", "")
    for number in 0..<180 {
      let label = number % 3
      let isLabelled = number < 60
      let text = Self.common[label] + (isLabelled ? "" : " \(Self.rare[label])")
      documents += "{\"id\":\"d\(number)\",\"text\":\"\(text) om\(number % 7)\"}\n"
      if isLabelled || isWhole {
        train += "{\"id\":\"d\(number)\",\"labels\":[\"l\(label)\"]}\n"
      }
    }
    try writeAtomically(documents, to: "\(path)/documents.jsonl")
    try writeAtomically(
      (0..<3).map { "{\"id\":\"l\($0)\"}\n" }.joined(), to: "\(path)/labels.jsonl")
    try writeAtomically(train, to: "\(path)/train.jsonl")
    return path
  }

  @Test func `documents in no part are learnt from through the teacher`() throws {
    let teacher = try train(try partlyLabelled("whole", labels: true), as: "teacher")
    let path = try partlyLabelled("part", labels: false)
    let alone = try TrainedModel(folder: train(path, as: "alone"), threads: 1)
    let student = try TrainedModel(
      folder: train(path, as: "student") { $0.teacher = .init(runs: [teacher.path]) }, threads: 1)
    // Both count the labelled documents.
    #expect(alone.record.documents == 60)
    #expect(student.record.documents == 60)
    #expect(try student.labelCounts() == [20, 20, 20])
    func best(_ model: TrainedModel) throws -> [String?] {
      try model.predict(Self.rare, k: 1).map { $0.labels.first?.id }
    }
    #expect(try best(student) == ["l0", "l1", "l2"])
    #expect(try best(alone) != ["l0", "l1", "l2"])
  }

  @Test func `a student with full weight learns the teacher's labels instead of the given ones`()
    throws
  {
    let teacher = try train(try unlearnable(seed: 7), as: "teacher")
    // The same texts with other labels.
    let path = try unlearnable(seed: 8)
    let dataset = try Dataset.read(path)
    let student = try train(path, as: "student") {
      $0.teacher = .init(runs: [teacher.path], weight: 1)
    }
    let (taught, alone) = (
      try TrainedModel(folder: student, threads: 1), try TrainedModel(folder: teacher, threads: 1)
    )
    let texts = dataset.train.documentIndices.compactMap { dataset.documents.texts?[Int($0)] }
    let (first, second) = (try taught.predict(texts, k: 1), try alone.predict(texts, k: 1))
    let same = zip(first, second).count { $0.labels.first?.id == $1.labels.first?.id }
    #expect(Double(same) > 0.9 * Double(texts.count), "\(same) of \(texts.count)")
    #expect(!student.has(student.teacher))
  }

  @Test func `a teacher of no weight changes nothing`() throws {
    let path = try unlearnable()
    let plain = try train(path, as: "plain")
    let taught = try train(path, as: "taught") {
      $0.teacher = .init(runs: [plain.path], weight: 0)
    }
    let (first, second) = try (
      SafetensorsFile(path: plain.model).tensors(), SafetensorsFile(path: taught.model).tensors()
    )
    for (name, tensor) in first {
      expectClose(second[name], tensor, tolerance: 1e-6, "\(name)")
    }
  }

  @Test func `an interrupted student resumes with the same scores`() throws {
    let path = try unlearnable()
    let teacher = try train(path, as: "teacher")
    let whole = try train(path, as: "undisturbed") { $0.teacher = .init(runs: [teacher.path]) }
    var configuration = settings(path)
    configuration.teacher = .init(runs: [teacher.path])
    let run = RunFolder(path: folder.file("resumed"))
    let trainer = Trainer(configuration, folder: run, decantVersion: "test")
    #expect(throws: TrainingError.self) {
      _ = try trainer.run(resuming: false) { run.has(run.teacher) }
    }
    #expect(run.has(run.teacher))
    // Without the teacher's folder, only the kept scores can be used.
    try FileManager.default.removeItem(atPath: teacher.path)
    _ = try trainer.run(resuming: true)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: run.model))
        == Data(contentsOf: URL(fileURLWithPath: whole.model)))
  }

  @Test func `refuses a teacher that has other labels, and none at all`() throws {
    let path = try unlearnable()
    let others = try folder.write(
      (0..<40).map { "{\"text\":\"a\($0)\",\"labels\":[\"l\($0 % 3)\"]}\n" }.joined(),
      to: "others.jsonl")
    let teacher = try train(others, as: "teacher")
    let error = #expect(throws: InputError.self) {
      try train(path, as: "student") { $0.teacher = .init(runs: [teacher.path]) }
    }
    #expect(error?.reason == "the teacher's 3 labels are not those of \(path)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("student")))
    let none = #expect(throws: InputError.self) {
      try train(path, as: "student") { $0.teacher = .init(runs: []) }
    }
    #expect(none?.reason == "the teacher has no runs")
  }

  @Test func `refuses a teacher with a pool of labels`() throws {
    let path = try unlearnable()
    let teacher = try train(path, as: "teacher")
    let error = #expect(throws: InputError.self) {
      try train(path, as: "student") {
        $0.teacher = .init(runs: [teacher.path])
        $0.negatives = NegativeConfiguration(labels: .pool)
      }
    }
    #expect(error?.expected == "no --teacher, or no --negatives pool")
  }
}

import Datasets
import Evaluation
import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Training

/// Several runs as one model.
@Suite struct EnsembleTests {
  private static let labelCount = 6
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = folder.file("data")
    try Self.write(to: data)
  }

  /// 150 documents, 120 to learn from; a label has two words that no other has, a document one or two
  /// labels.
  private static func write(to path: String, features: Bool = false, seed: UInt64 = 1) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    var random = SplitMix64(seed)
    var (documents, train, test) = ("", "", "")
    for index in 0..<150 {
      // Small numbers are common, so that labels differ in their priors.
      let labels = Set([random.below(labelCount), random.below(1 + random.below(labelCount))])
        .sorted()
      let words =
        labels.map { "word\($0)x\(random.below(2))" }
        + (0..<3).map { _ in "filler\(random.below(12))" }
      let names = Set(words).sorted().map { "\"\($0)\":1" }.joined(separator: ",")
      let content =
        features ? "\"features\":{\(names)}" : "\"text\":\"\(words.joined(separator: " "))\""
      documents += "{\"id\":\"d\(index)\",\(content)}\n"
      let ids = labels.map { "\"label\($0)\"" }.joined(separator: ",")
      let line = "{\"id\":\"d\(index)\",\"labels\":[\(ids)]}\n"
      if index < 120 { train += line } else { test += line }
    }
    try writeAtomically(documents, to: "\(path)/documents.jsonl")
    try writeAtomically(
      (0..<labelCount).map { "{\"id\":\"label\($0)\"}\n" }.joined(), to: "\(path)/labels.jsonl")
    try writeAtomically(train, to: "\(path)/train.jsonl")
    try writeAtomically(test, to: "\(path)/test.jsonl")
  }

  private func train(
    _ name: String, seed: UInt64 = 1, patience: Int? = nil, dataset: String? = nil,
    _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> TrainedModel {
    let run = RunFolder(path: folder.file(name))
    var settings = TrainingConfiguration(
      dataset: dataset ?? data, model: .init(encoder: .init(dimension: 8)),
      optimization: .init(batchSize: 32, tableLearningRate: 0.1),
      loop: TrainingLoop(epochs: 3, patience: patience), seed: seed, threads: 1)
    change(&settings)
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
    return try TrainedModel(folder: run)
  }

  private static let texts = ["word0x0 filler1", "word3x1 word5x0", "nothing known", ""]

  /// The score of every label for every text.
  private func scores(_ model: TrainedModel) throws -> [[String: Double]] {
    try model.predict(Self.texts, k: Self.labelCount).map { prediction in
      Dictionary(uniqueKeysWithValues: prediction.labels.map { ($0.id, $0.score) })
    }
  }

  private func expectClose(
    _ found: [[String: Double]], _ expected: [[String: Double]],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (one, other) in zip(found, expected) {
      #expect(Set(one.keys) == Set(other.keys), sourceLocation: sourceLocation)
      for (id, score) in one {
        TestSupport.expectClose(
          score, other[id] ?? .nan, tolerance: 2e-6, id, sourceLocation: sourceLocation)
      }
    }
  }

  @Test func `averages scores of runs with different features`() throws {
    let one = try train("one")
    let two = try train("two", seed: 2) {
      $0.model.wide = .init(maximumDocumentShare: 0.5)
      $0.features.minimumDocumentCount = 5
    }
    let three = try train("three", seed: 3)
    #expect(one.record.features > two.record.features)
    #expect(one.record.features == three.record.features)
    let separate = try [one, two, three].map(scores)
    let mean = separate[0].indices.map { text in
      separate[0][text].keys.reduce(into: [String: Double]()) { mean, id in
        mean[id] = separate.reduce(0) { $0 + ($1[text][id] ?? .nan) } / 3
      }
    }
    expectClose(try scores(one.averaged(with: [two, three])), mean)
    expectClose(try scores(one.averaged(with: [two.averaged(with: [three])])), mean)
    #expect(mean != separate[0])
    // It is the order of the scores that counts.
    let ranked = try one.averaged(with: [two, three]).predict(Self.texts, k: 3)
    for (prediction, mean) in zip(ranked, mean) {
      let best = mean.values.sorted(by: >).prefix(3)
      TestSupport.expectClose(prediction.labels.map(\.score), Array(best), tolerance: 2e-6)
    }

    let report = try one.averaged(with: [two, three]).evaluate(split: .test)
    let parameters = one.record.parameters + two.record.parameters + three.record.parameters
    #expect(report.record.parameters == parameters)
    let seconds = [one, two, three].map(\.record.trainSeconds).reduce(0, +)
    TestSupport.expectClose(report.record.trainSeconds, seconds, tolerance: 1e-12)
    #expect(report.record.features == one.record.features)
    #expect(
      report.record.peakMemoryBytes
        == [one, two, three].map(\.record.peakMemoryBytes).max())
    #expect(report.notes.isEmpty)
  }

  @Test func `a run averaged with itself is unchanged`() throws {
    let model = try train("run") { $0.model.wide = .init(maximumDocumentShare: 0.5) }
    let once = try model.evaluate(split: .test)
    let twice = try model.averaged(with: [model]).evaluate(split: .test)
    #expect(once.ranking == twice.ranking)
    for name in ["P@1", "P@5", "nDCG@5", "PSP@1", "R@10"] {
      #expect(once.metrics[name] == twice.metrics[name] && once.metrics[name] != nil)
    }
    #expect(twice.record.parameters == 2 * once.record.parameters)
    #expect(try scores(model.averaged(with: [])) == scores(model))
  }

  @Test func `the adjustment is a multiple of the log prior`() throws {
    _ = try train("run")
    try unseal(folder.file("run"))
    let model = try TrainedModel(folder: RunFolder(path: folder.file("run")))
    let counts = folder.file("run/counts.json")
    let learnt = try JSONDecoder().decode([Int].self, from: contents(counts))
    #expect(learnt.count == Self.labelCount && learnt[0] > learnt[5])
    #expect(model.record.documents == 120)
    try writeAtomically("[59, 11, 0, 1, 119, 29]", to: counts)
    // log((count + ½) / 120), to nine places.
    let priors = [
      -0.701515430, -2.345144707, -5.480638923, -4.382026635, -0.004175371, -1.403101479,
    ]
    let plain = try scores(model)
    func expected(_ strength: Double) -> [[String: Double]] {
      plain.map { scores in
        Dictionary(
          uniqueKeysWithValues: scores.map { id, score in
            (id, score - strength * priors[Int(id.dropFirst(5)) ?? 0])
          })
      }
    }
    for strength in [0.1, 1, -0.5] {
      expectClose(try scores(model.adjusted(byLogPrior: strength)), expected(strength))
    }
    // Of a mean it is taken once.
    let other = try train("other", seed: 2)
    let mean = try scores(model.averaged(with: [other]))
    let both = try scores(model.averaged(with: [other]).adjusted(byLogPrior: 1))
    let swapped = try scores(model.adjusted(byLogPrior: 1).averaged(with: [other]))
    for text in mean.indices {
      for (id, score) in mean[text] {
        let moved = score - priors[Int(id.dropFirst(5)) ?? 0]
        TestSupport.expectClose(both[text][id] ?? .nan, moved, tolerance: 2e-6, id)
      }
    }
    #expect(both == swapped)
  }

  @Test func `rejects missing and invalid counts`() throws {
    _ = try train("run")
    try unseal(folder.file("run"))
    let model = try TrainedModel(folder: RunFolder(path: folder.file("run")))
    let counts = folder.file("run/counts.json")
    for (text, words) in [
      ("[1, 2, 3, 4, 5]", "5 counts"), ("[1, 2, 3, 4, 5, -1]", "a negative one"),
      ("{", "counts.json"),
    ] {
      try writeAtomically(text, to: counts)
      let error = #expect(throws: InputError.self) { try model.adjusted(byLogPrior: 1) }
      #expect(error?.file == counts && error?.description.contains(words) == true)
    }
    try FileManager.default.removeItem(atPath: counts)
    let error = #expect(throws: InputError.self) { try model.adjusted(byLogPrior: 1) }
    #expect(error?.file == folder.file("run"))
    #expect(error?.description.contains("no counts.json") == true)
    // Without an adjustment older runs serve as before.
    #expect(try scores(model.adjusted(byLogPrior: 0)) == scores(model))
  }

  @Test func `rejects runs with other labels or document kinds`() throws {
    let model = try train("run")
    try Self.write(to: folder.file("wider"))
    let labels = folder.file("wider/labels.jsonl")
    try writeAtomically(
      String(decoding: contents(labels), as: UTF8.self) + "{\"id\":\"more\"}\n", to: labels)
    try Self.write(to: folder.file("features"), features: true)
    for (name, words) in [("wider", "7 labels"), ("features", "trained on features")] {
      let other = try train("run-\(name)", dataset: folder.file(name))
      let error = #expect(throws: InputError.self) { try model.averaged(with: [other]) }
      #expect(error?.file == folder.file("run-\(name)"))
      #expect(error?.description.contains(words) == true, "\(error as Any)")
    }
  }

  @Test func `rejects validation data that one run trained on`() throws {
    let held = try train("held", patience: 3)
    let other = try train("other", seed: 2, patience: 3)
    let all = try train("all")
    #expect(try held.averaged(with: [other]).evaluate(split: .validation).documents == 12)
    for model in [try held.averaged(with: [other, all]), try all.averaged(with: [held])] {
      let error = #expect(throws: InputError.self) { try model.evaluate(split: .validation) }
      #expect(error?.file == folder.file("all"))
      #expect(try model.evaluate(split: .test).documents == 30)
    }
    // A run on all of another data set has seen that one's validation part.
    try Self.write(to: folder.file("second"), seed: 9)
    let second = try train("run-second", dataset: folder.file("second"))
    let mixed = try held.averaged(with: [second])
    #expect(throws: InputError.self) {
      try mixed.evaluate(split: .validation, datasetPath: folder.file("second"))
    }
    #expect(
      try held.evaluate(split: .validation, datasetPath: folder.file("second")).documents == 12)
    // What it has seen of this one nobody knows.
    #expect(
      try mixed.evaluate(split: .test).notes.contains { $0.contains("run-second was trained on") })
  }

  @Test func `a calibration applies to a single unadjusted run`() throws {
    let model = try train("run", patience: 3)
    _ = try model.calibrate()
    #expect(try model.calibration() != nil)
    let mean = try model.averaged(with: [model])
    let adjusted = try model.adjusted(byLogPrior: 0.1)
    for changed in [mean, adjusted] {
      #expect(try changed.calibration() == nil)
      let before = try contents(folder.file("run/calibration.json"))
      #expect(throws: InputError.self) { try changed.calibrate() }
      #expect(try contents(folder.file("run/calibration.json")) == before)
    }
  }

  private func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }
}

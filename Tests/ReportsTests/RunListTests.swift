import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@testable import Models
@testable import Reports

@Suite struct RunListTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A run's folder as training leaves it, without the weights' contents.
  @discardableResult
  private func makeRun(
    _ name: String, validation: [Double]?, hash: String = "1", seconds: Double = 1,
    seed: UInt64 = 0,
    isFinished: Bool = true
  ) throws -> RunFolder {
    let run = RunFolder(path: folder.file(name))
    try run.create()
    try run.write(TrainingConfiguration(dataset: "data", seed: seed), to: run.configuration)
    let values = validation ?? [0, 0]
    try run.writeMetrics(
      values.enumerated().map { index, value in
        EpochRecord(
          epoch: index + 1, loss: 1 / Double(index + 1),
          validation: validation == nil ? nil : ["nDCG@5": value, "P@1": 100 - value])
      })
    guard isFinished else { return run }
    let kept = values.indices.max { (values[$0], -$0) < (values[$1], -$1) } ?? 0
    try run.write(
      RunRecord(
        decantVersion: "t", torchVersion: "t", cpuCapability: "t", threads: 1, dataset: "d",
        datasetHash: hash, documents: 1, labels: 1, features: 1, parameters: 1,
        validationIsHeldOut: validation != nil,
        keptEpoch: validation == nil ? values.count : kept + 1, lastEpoch: values.count,
        preparationSeconds: 0, preparationCPUSeconds: 0, trainSeconds: seconds,
        trainCPUSeconds: seconds, peakMemoryBytes: 1),
      to: run.record)
    for file in [run.labels, run.model, run.labelEmbeddings] { try writeAtomically("[]", to: file) }
    return run
  }

  @Test func `finds nested runs and reports their faults`() throws {
    try makeRun("runs/good", validation: [50, 70, 60])
    try makeRun("runs/deep/er/plain", validation: nil)
    try makeRun("runs/open", validation: [10], isFinished: false)
    let broken = try makeRun("runs/broken", validation: [90])
    try writeAtomically("{\"half", to: broken.record)
    let gone = try makeRun("runs/gone", validation: [90])
    try FileManager.default.removeItem(atPath: gone.model)
    let garbled = try makeRun("runs/garbled", validation: [90])
    try writeAtomically("not json\n", to: garbled.metrics)
    try writeAtomically("[]", to: folder.file("runs/deep/other.json"))
    let runs = try RunSummary.all(below: folder.file("runs"))
    let names = runs.map { String($0.path.dropFirst(folder.file("runs/").count)) }
    #expect(names == ["broken", "deep/er/plain", "garbled", "gone", "good", "open"])
    #expect(
      runs.map(\.state) == [.damaged, .finished, .damaged, .damaged, .finished, .unfinished])
    #expect(runs[0].remark?.contains("run.json") == true)
    #expect(runs[2].remark?.contains("metrics.jsonl") == true)
    #expect(runs[3].remark == "model.safetensors is missing")
    #expect(runs[5].remark == "1 of 5 epochs")
    #expect(runs[4].keptEpoch == 2 && runs[4].validation?["nDCG@5"] == 70)
    #expect(runs[4].loss == 0.5 && runs[4].epochs == 3)
    #expect(runs[1].validation == nil)
    let sizes = try names4(runs[4].path)
    #expect(runs[4].bytes == sizes)
    let table = RunList(runs).table().split(separator: "\n")
    #expect(table.count == 7)
    #expect(table[1].contains("damaged: ") && table[5].contains("70.00"))
    // One run is a list of one.
    #expect(try RunSummary.all(below: folder.file("runs/good")).count == 1)
    #expect(throws: FileError.self) { try RunSummary.all(below: folder.file("nowhere")) }
  }

  private func names4(_ path: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: path).reduce(0) {
      $0 + (try contents("\(path)/\($1)").count)
    }
  }

  @Test func `orders by validation, finished runs first`() throws {
    try makeRun("a", validation: [50, 70], seconds: 9)
    try makeRun("b", validation: [80], seconds: 5)
    try makeRun("c", validation: nil, seconds: 1)
    try makeRun("d", validation: [99], isFinished: false)
    let runs = try RunSummary.all(below: folder.path)
    func order(_ metric: String) -> [String] {
      RunList(runs, by: metric).runs.map { String($0.path.suffix(1)) }
    }
    #expect(order("nDCG@5") == ["b", "a", "c", "d"])
    #expect(order("P@1") == ["a", "b", "c", "d"])
    #expect(order("seconds") == ["c", "b", "a", "d"])
    #expect(order("loss") == ["a", "c", "b", "d"])
    #expect(try RunList(runs).best().path.hasSuffix("/b"))
    #expect(try RunList(runs, by: "P@1").best().path.hasSuffix("/a"))
    #expect(throws: ValueError.self) { try RunList(runs.filter { $0.validation == nil }).best() }
    try makeRun("e", validation: [10], hash: "2")
    let mixed = try RunSummary.all(below: folder.path)
    let error = #expect(throws: InputError.self) { try RunList(mixed).best() }
    #expect(error?.reason.contains("2 data sets") == true)
  }

  @Test func `a comparison shows only differences`() throws {
    let first = RunSummary(try makeRun("a", validation: [50], seed: 1))
    let second = RunSummary(try makeRun("b", validation: [60], seed: 2))
    let lines = RunList.comparison(first, second).split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.split(separator: " ") == ["seed", "1", "2"] })
    #expect(!lines.contains { $0.hasPrefix("threads") || $0.hasPrefix("data set") })
    #expect(
      lines.contains { $0.split(separator: " ") == ["validation", "nDCG@5", "50.00", "60.00"] })
    #expect(RunList.comparison(first, first).contains("all settings are the same"))
  }

  @Test func `flattens settings to paths`() throws {
    let text = """
      {"inner": {"list": [1, 2], "empty": [], "objects": [{"x": true}]}, "name": "n", "half": 0.5,
       "none": null}
      """
    let value = try JSONText(text, file: "f").root.value
    let leaves = FlatSettings.leaves(of: value, at: "s")
    #expect(
      leaves.map { "\($0.key)=\($0.value)" } == [
        "s.inner.list=[1, 2]", "s.inner.empty=[]", "s.inner.objects[0].x=true", "s.name=n",
        "s.half=0.5",
      ])
  }

  @Test func `a comparison names the settings of a group that one run lacks`() throws {
    let first = try makeRun("a", validation: nil)
    let second = try makeRun("b", validation: nil)
    var configuration = TrainingConfiguration(
      dataset: "data", loss: TrainingLoss(SoftTopKLoss(temperature: 1)))
    configuration.model.wide = .init()
    try second.write(configuration, to: second.configuration)
    let lines = RunList.comparison(RunSummary(first), RunSummary(second)).split(separator: "\n")
      .map { $0.split(separator: " ") }
    #expect(lines.contains(["model.wide.method", "–", "adagrad"]))
    #expect(lines.contains(["loss.softTopK.places", "–", "5+"]))
    #expect(lines.contains(["loss.decoupledSoftmax.temperature", "1", "–"]))
  }
}

import Foundation
import Storage
import Testing

@testable import Experiments

/// The types of all experiments against the repository.
@Suite struct StoredRecordTests {
  private static let names = experiments.map { $0.name }

  private func experiment(_ name: String) throws -> any Experiment.Type {
    try #require(experiments.first { $0.name == name })
  }

  /// The settings to choose from, by arm.
  private func choices<Tried: Experiment>(_ experiment: Tried.Type) -> [[String]] {
    Tried.arms.flatMap { arm in
      let settings = Tried.settings(of: arm)
      return settings.count > 1 ? settings.map { [arm.name, $0.name] } : []
    }
  }

  private func texts<Tried: Experiment>(_ experiment: Tried.Type) -> [[String]] {
    [Tried.arms.map(\.name), Tried.conditions.map(\.name), Tried.measures]
  }

  private func runs<Tried: Experiment>(_ experiment: Tried.Type) -> Set<[String]> {
    Set(Tried.arms.flatMap { arm in Tried.conditions.map { [arm.name, $0.name] } })
  }

  @Test(arguments: names)
  func `a record has the arms, conditions, measures and choices of its type`(
    _ name: String
  ) throws {
    let experiment = try experiment(name)
    let record = try #require(try Repository().record(of: experiment))
    #expect([record.arms, record.conditions, record.measures] == texts(experiment))
    #expect((record.choices ?? []).map { [$0.arm, $0.setting] } == choices(experiment))
    #expect(Set(record.cells.map { [$0.arm, $0.condition] }) == runs(experiment))
    #expect(experiment.verdict(onStored: record) != nil)
  }

  @Test func `every type that an experiment uses has one file`() throws {
    let files = SourceFiles(try Repository())
    for experiment in experiments {
      let hashes = try files.hashes(of: experiment)
      #expect(hashes["\(experiment).swift"] != nil, "\(experiment.name)")
      #expect(!hashes.values.contains("missing"), "\(experiment.name)")
    }
  }

  @Test func `no two settings of an arm share a name`() throws {
    for experiment in experiments {
      let pairs = choices(experiment)
      #expect(Set(pairs).count == pairs.count, "\(experiment.name)")
    }
  }

  @Test func `numbers are written as people write them`() {
    let numbers = [1, 0.05, 0.0003, 1e-5, 1e-9, 11.3, 64]
    #expect(numbers.map(\.name) == ["1", "0.05", "0.0003", "1e-5", "1e-9", "11.3", "64"])
    #expect(Double?.none.name.isEmpty && Double?(0.1).name == "0.1")
    #expect(BatchShape(8, 4).name == "8 × 4" && ValueAndStep(0.98, 0.001).name == "0.98 × 0.001")
  }
}

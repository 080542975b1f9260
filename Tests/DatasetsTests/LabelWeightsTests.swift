import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct LabelWeightsTests {
  private func read(_ weights: [String]) throws -> Dataset {
    let folder = try TemporaryFolder()
    let lines = (0..<30).map { index in
      "{\"text\":\"text \(index)\",\"labels\":[\"a\"],\"weights\":[\(weights[index % weights.count])]}\n"
    }
    return try LabelledTextFile.read(folder.write(lines.joined(), to: "f.jsonl"))
  }

  @Test(arguments: [["-1"], ["1", "1e30"], ["0"], ["1.1e9"]])
  func `warns of label weights without effect`(weights: [String]) throws {
    let dataset = try read(weights)
    let fault = try #require(dataset.train.weightFault)
    let warnings = DatasetInspection(dataset).warnings
    #expect(warnings.contains { $0.contains(fault.reason) }, "\(warnings)")
  }

  @Test func `accepts valid weights, warns of a single label`() throws {
    let dataset = try read(["0", "1e9", "0.5"])
    #expect(dataset.train.weightFault == nil)
    #expect(DatasetInspection(dataset).warnings.contains { $0.contains("only one label") })
  }
}

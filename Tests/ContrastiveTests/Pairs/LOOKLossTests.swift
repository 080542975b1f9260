import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct LOOKLossTests {
  @Test func `agrees with the equations in PyTorch`() throws {
    try expectGolden("LOOKLoss", count: 3) { given, inputs in
      let known = try #require(given.inputs["known"])[0].map { Int($0) }
      let own = try #require(given.inputs["own"])[0].map { $0 < 0 ? nil : Int($0) }
      return try LOOKLoss(
        neighbours: Int(given["neighbours"]), temperature: given["temperature"])(
          queries: #require(inputs["queries"]), classes: #require(given.classes),
          memory: #require(inputs["memory"]), memoryClasses: known, own: own)
    }
  }

  @Test func `votes match values by hand`() throws {
    // Cosines with the query: 1 (itself), 0 (own class), −1 (another class).
    let memory = Tensor(rows: [[2.0, 0], [0, 1], [-3, 0]])
    func value(_ neighbours: Int, own: Int?) throws -> Double {
      try LOOKLoss(neighbours: neighbours, temperature: 1)(
        queries: Tensor(rows: [[1.0, 0]]), classes: [7], memory: memory,
        memoryClasses: [7, 7, 8], own: [own]
      ).scalar
    }
    expectClose(try value(1, own: 0), 0)
    expectClose(try value(2, own: 0), log(1 + exp(-1.0)))
    expectClose(try value(3, own: nil), log(1 + exp(-1.0) / (exp(1.0) + 1)))
  }

  @Test func `the nearest of the class joins without own neighbours`() throws {
    let value = try LOOKLoss(neighbours: 1, temperature: 1)(
      queries: Tensor(rows: [[1.0, 0]]), classes: [3], memory: Tensor(rows: [[1.0, 0], [0, 1]]),
      memoryClasses: [4, 3], own: [nil])
    expectClose(value.scalar, log(1 + exp(1.0)))
  }

  @Test func `traps on a row outside the memory`() async {
    await #expect(processExitsWith: .failure) {
      _ = try LOOKLoss()(
        queries: .ones([1, 2]), classes: [0], memory: .ones([2, 2]), memoryClasses: [0, 1],
        own: [2])
    }
  }
}

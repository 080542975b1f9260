import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct LOOKLossTests {
  @Test func agreesWithTheEquationsInPyTorch() throws {
    try expectGolden("LOOKLoss", count: 3) { given, inputs in
      let known = try #require(given.inputs["known"])[0].map { Int($0) }
      let own = try #require(given.inputs["own"])[0].map { $0 < 0 ? nil : Int($0) }
      return try LOOKLoss(
        neighbours: Int(given["neighbours"]), temperature: given["temperature"])(
          queries: #require(inputs["queries"]), classes: #require(given.classes),
          memory: #require(inputs["memory"]), memoryClasses: known, own: own)
    }
  }

  @Test func gradientsAreDifferencesWhateverTheBlock() throws {
    var random = SplitMix64(1)
    let (queries, memory) = (random.rows(4, 3), random.rows(6, 3))
    for blockSize in [nil, 1, 3] {
      let loss = LOOKLoss(neighbours: 3, temperature: 0.4, blockSize: blockSize)
      try expectDifferences([queries, memory]) {
        try loss(
          queries: $0[0], classes: [0, 1, 2, 0], memory: $0[1],
          memoryClasses: [0, 1, 0, 2, 1, 0], own: [0, nil, nil, 2])
      }
    }
  }

  @Test func gradientsReachBothSidesOfTheBatchItself() throws {
    var random = SplitMix64(2)
    let loss = LOOKLoss(neighbours: 2, temperature: 0.4)
    try expectDifferences([random.rows(5, 3)]) {
      try loss(
        queries: $0[0], classes: [0, 1, 0, 1, 0], memory: $0[0], memoryClasses: [0, 1, 0, 1, 0],
        own: [0, 1, 2, 3, 4])
    }
  }

  @Test func votesByHand() throws {
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

  @Test func withoutANeighbourOfTheClassTheNearestOfItJoins() throws {
    let value = try LOOKLoss(neighbours: 1, temperature: 1)(
      queries: Tensor(rows: [[1.0, 0]]), classes: [3], memory: Tensor(rows: [[1.0, 0], [0, 1]]),
      memoryClasses: [4, 3], own: [nil])
    expectClose(value.scalar, log(1 + exp(1.0)))
  }

  @Test func staysFinite() throws {
    var random = SplitMix64(3)
    let x = Tensor(rows: random.rows(4, 3)) * 1e4
    for temperature in [1e-3, 1e4] {
      try expectFinite([x]) {
        try LOOKLoss(temperature: temperature)(
          queries: $0[0], classes: [0, 1, 0, 2], memory: $0[0], memoryClasses: [0, 1, 0, 2],
          own: [0, 1, 2, 3])
      }
    }
  }

  @Test func unknownClassesAndAnEmptyMemoryAreNothing() throws {
    let x = Tensor(rows: [[1.0, 2], [0, 1]])
    try expectNothing([x, x]) {
      try LOOKLoss()(
        queries: $0[0], classes: [5, 6], memory: $0[1], memoryClasses: [5, 7], own: [0, nil])
    }
    try expectNothing([x, x[0..<0]]) {
      try LOOKLoss()(
        queries: $0[0], classes: [5, 6], memory: $0[1], memoryClasses: [], own: [nil, nil])
    }
  }

  @Test func refusesARowThatTheMemoryDoesNotHave() async {
    await #expect(processExitsWith: .failure) {
      _ = try LOOKLoss()(
        queries: .ones([1, 2]), classes: [0], memory: .ones([2, 2]), memoryClasses: [0, 1],
        own: [2])
    }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(LOOKLoss(neighbours: 20, temperature: 0.1, blockSize: 4))
  }
}

import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Kernels

@Suite struct RowLogSumExpTests {
  private static let hidden = [[0, 4], [], [2, 2], [0, 1, 2, 3, 4, 5, 6], [5, 1], [6]]
  private static let inputs: [[[Double]]] = {
    var random = SplitMix64(11)
    return [random.rows(6, 3), random.rows(7, 3)]
  }()
  private static let bias: [Double] = {
    var random = SplitMix64(12)
    return random.doubles(7)
  }()
  private static let upstream = [1.0, -2, 0.5, 3, 0, 0.25]

  /// Values and the gradients of Σ uᵢ LSEᵢ, by loops.
  private static func expected(_ temperature: Double) -> (values: [Double], gradients: [[Double]]) {
    let (queries, keys) = (inputs[0], inputs[1])
    var ofQueries = [Double](repeating: 0, count: 18)
    var ofKeys = [Double](repeating: 0, count: 21)
    var ofBias = [Double](repeating: 0, count: 7)
    let values = queries.indices.map { i in
      let scores = keys.indices.map { Loops.dot(queries[i], keys[$0]) / temperature + bias[$0] }
      let seen = keys.indices.filter { !hidden[i].contains($0) }
      let value = Loops.logSumExp(seen.map { scores[$0] })
      for j in seen {
        let slope = upstream[i] * exp(scores[j] - value)
        ofBias[j] += slope
        for d in 0..<3 {
          ofQueries[i * 3 + d] += slope * keys[j][d] / temperature
          ofKeys[j * 3 + d] += slope * queries[i][d] / temperature
        }
      }
      return value
    }
    return (values, [ofQueries, ofKeys, ofBias])
  }

  private static func found(
    _ temperature: Double, _ blockSize: Int?, _ dtype: DType
  ) throws -> (values: [Double], gradients: [[Double]]) {
    let leaves = (inputs.map { Tensor(rows: $0) } + [Tensor(bias)])
      .map { $0.converted(to: dtype).requiringGradient() }
    let values = try RowLogSumExp(temperature: temperature, blockSize: blockSize)(
      queries: leaves[0], keys: leaves[1], bias: leaves[2],
      hiding: CSRMatrix(rows: hidden, columnCount: 7))
    let slopes = try gradients(
      of: values, withRespectTo: leaves, start: Tensor(upstream).converted(to: dtype))
    return (values.doubles(), slopes.map { $0?.doubles() ?? [] })
  }

  @Test(arguments: [0.05, 1, 10], [1, 2, 5, 7, 100, nil] as [Int?])
  func `agrees with loops for every block size`(temperature: Double, blockSize: Int?) throws {
    let expected = Self.expected(temperature)
    for (dtype, tolerance) in [(DType.float64, 1e-12), (.float32, 1e-5)] {
      let found = try Self.found(temperature, blockSize, dtype)
      expectClose(found.values, expected.values, tolerance: tolerance, "\(dtype)")
      for (slope, wanted) in zip(found.gradients, expected.gradients) {
        // A score's own rounding is its size, up to 1/τ.
        expectClose(slope, wanted, tolerance: tolerance * max(1, 1 / temperature), "\(dtype)")
      }
    }
  }

  @Test func `a fully hidden row gives −∞ with zero gradient`() throws {
    for dtype in [DType.float64, .float32] {
      for blockSize in [2, nil] {
        let found = try Self.found(1, blockSize, dtype)
        #expect(found.values[3] == -.infinity)
        #expect(found.gradients[0][9..<12].allSatisfy { $0 == 0 })
        #expect(found.gradients.joined().allSatisfy { $0.isFinite })
      }
    }
  }

  @Test func `shared rows receive both gradients`() throws {
    let rows = Self.inputs[0]
    try PairLossChecks.gradientsMatchDifferences(at: [rows]) {
      try RowLogSumExp(temperature: 0.5)(
        queries: $0[0], keys: $0[0],
        hiding: CSRMatrix(rows: (0..<6).map { [$0] }, columnCount: 6)
      ).sum()
    }
  }

  @Test func `Float32 kernels agree with Float64 on many rows`() throws {
    let generator = Generator(seed: 13)
    let rows = Tensor.normal([1500, 24], generator: generator).normalized()
    let own = CSRMatrix.ownExample(rows: 1500, columns: 1500, examples: 750)
    func result(_ dtype: DType) throws -> [Tensor] {
      let leaf = rows.converted(to: dtype).requiringGradient()
      let values = try RowLogSumExp(temperature: 0.1)(queries: leaf, keys: leaf, hiding: own)
      return [values, try #require(try gradients(of: values.mean(), withRespectTo: [leaf])[0])]
    }
    for (rounded, exact) in zip(try result(.float32), try result(.float64)) {
      let error = (rounded.converted(to: .float64) - exact).norm().scalar / exact.norm().scalar
      #expect(error < 1e-5, "relative difference \(error)")
    }
  }

  /// Whether the kernel lets a process reset its own peak.
  private static let canMeasureMemory = access("/proc/self/clear_refs", W_OK) == 0

  @Test(.enabled(if: canMeasureMemory))
  func `never builds the matrix of all pairs`() async {
    await #expect(processExitsWith: .success) {
      try RowLogSumExpTests.growsLittle(rows: 12_000)
    }
  }

  /// Throws unless 12,000 × 12,000 scores, 576 MB, take less than 200 MB; for a separate process.
  static func growsLittle(rows count: Int) throws {
    func step(_ count: Int) throws {
      let rows = Tensor.normal([count, 4], generator: Generator(seed: 14)).requiringGradient()
      let values = try RowLogSumExp(temperature: 1)(
        queries: rows, keys: rows,
        hiding: .ownExample(rows: count, columns: count, examples: count))
      let slopes = try gradients(of: values.mean(), withRespectTo: [rows])
      guard let slope = slopes[0], slope.norm().scalar.isFinite else { throw Growth(bytes: -1) }
    }
    try step(2000)
    try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    let before = try memory("VmRSS:")
    try step(count)
    let growth = try memory("VmHWM:") - before
    if growth > 200_000_000 { throw Growth(bytes: growth) }
  }

  private struct Growth: Error { let bytes: Int }

  private static func memory(_ field: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix(field) } ?? ""
    let digits = line.split(whereSeparator: { !$0.isNumber }).first ?? ""
    return (Int(digits) ?? 0) * 1024
  }
}

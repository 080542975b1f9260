import Extreme
import Storage
import TestSupport
import Testing
import Torch

/// The thresholds of the soft top-k from one sweep over many labels, against float64, which searches
/// for them step by step.
@Suite struct OneSweepThresholdsTests {
  private static let (rowCount, labelCount, width) = (70, 2500, 24)

  private struct Inputs {
    var queries: Tensor
    var labels: Tensor
    var bias: Tensor
    var positives: CSRMatrix

    init(scale: Double) {
      let generator = Generator(seed: 21)
      let (rowCount, labelCount) = (
        OneSweepThresholdsTests.rowCount, OneSweepThresholdsTests.labelCount
      )
      queries =
        Tensor.normal([rowCount, OneSweepThresholdsTests.width], generator: generator) * scale
      labels = Tensor.normal([labelCount, OneSweepThresholdsTests.width], generator: generator)
      bias = Tensor.normal([labelCount], generator: generator)
      positives = CSRMatrix(
        rows: (0..<rowCount).map { row in
          switch row {
          case 3: []
          case 5: Array(0..<labelCount)
          case 8: Array(0..<200)
          default: (0..<(1 + row % 7)).map { ($0 * 331 + row * 37) % labelCount }
          }
        }, columnCount: labelCount)
    }

    /// The loss, the thresholds and the gradients as float64.
    func results(
      _ dtype: DType, places: SoftTopKLoss.Places = .atLeast(5), start: Tensor? = nil
    ) throws -> [Tensor] {
      let leaves = [queries, labels, bias].map { $0.converted(to: dtype).requiringGradient() }
      let (value, thresholds) = try SoftTopKLoss(temperature: 1, places: places).withThresholds(
        queries: leaves[0], labels: leaves[1], bias: leaves[2], positives: positives,
        start: start)
      let slopes = try gradients(of: value, withRespectTo: leaves)
      return ([value.detached(), thresholds] + slopes.map { $0 ?? .zeros([0]) })
        .map { $0.converted(to: .float64) }
    }
  }

  private func expectClose(
    _ found: [Tensor], _ expected: [Tensor], tolerance: Double = 1e-5, _ label: String
  ) {
    for (part, pair) in zip(
      ["value", "thresholds", "queries", "labels", "bias"], zip(found, expected))
    {
      let error = (pair.0 - pair.1).magnitude().maximum().scalar
      #expect(error <= tolerance * pair.1.magnitude().maximum().scalar, "\(part), \(label)")
    }
  }

  @Test(
    arguments: [0.0, 0.02, 0.3, 1, 4],
    [SoftTopKLoss.Places.atLeast(5), .fixed(1), .fixed(40), .positives])
  func `agrees with double precision`(scale: Double, places: SoftTopKLoss.Places) throws {
    let inputs = Inputs(scale: scale)
    expectClose(
      try inputs.results(.float32, places: places), try inputs.results(.float64, places: places),
      "scale \(scale)")
  }

  @Test(arguments: [SoftTopKLoss.Places.atLeast(5), .fixed(1), .positives])
  func `no start changes the result`(places: SoftTopKLoss.Places) throws {
    let inputs = Inputs(scale: 0.5)
    let expected = try inputs.results(.float64, places: places)
    let noise = Tensor.normal([Self.rowCount], generator: Generator(seed: 3), dtype: .float64)
    let holes = Tensor((0..<Self.rowCount).map { $0 % 9 == 4 ? Double.nan : 0 })
    let starts = [
      expected[1], expected[1] + noise * 0.1, expected[1] + noise * 5, expected[1] + 3,
      expected[1] - 3, expected[1] + holes, expected[1] + 1000, expected[1] - 1000,
      expected[1] * .infinity,
    ]
    for (index, start) in starts.enumerated() {
      expectClose(
        try inputs.results(.float32, places: places, start: start), expected, "start \(index)")
    }
  }

  /// Of every query a few labels stand out, by more than a float32 sigmoid tells from 1.
  @Test(arguments: [3, 5, 6]) func `agrees where labels stand out`(count: Int) throws {
    var inputs = Inputs(scale: 0.1)
    inputs.bias = Tensor(
      (0..<Self.labelCount).map { $0 % 500 == 7 && $0 / 500 < count ? 9.0 + Double($0) / 900 : 0 })
    let expected = try inputs.results(.float64, places: .fixed(5))
    for start in [nil, expected[1]] {
      expectClose(
        try inputs.results(.float32, places: .fixed(5), start: start), expected, "\(count)")
    }
  }

  @Test func `labels hidden by bias take no rank`() throws {
    var inputs = Inputs(scale: 0.5)
    inputs.bias = Tensor(
      (0..<Self.labelCount).map { $0 % 500 < 490 && $0 > 200 ? -Double.infinity : 0 })
    inputs.positives = CSRMatrix(
      rows: (0..<Self.rowCount).map { [$0, $0 + 90] }, columnCount: Self.labelCount)
    expectClose(
      Array(try inputs.results(.float32).dropLast()),
      Array(try inputs.results(.float64).dropLast()), "hidden")
  }

  @Test func `is independent of the thread count`() throws {
    let inputs = Inputs(scale: 0.5)
    let alone = try Runtime.withThreads(1) { try inputs.results(.float32) }
    for _ in 0..<3 {
      let together = try Runtime.withThreads(2) { try inputs.results(.float32) }
      for (a, b) in zip(alone, together) { #expect(a.doubles() == b.doubles()) }
    }
  }
}

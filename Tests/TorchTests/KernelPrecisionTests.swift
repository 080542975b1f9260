import Foundation
import TestSupport
import Testing
import Torch

/// The fused kernels against the same formulas in double precision, element by element.
@Suite struct KernelPrecisionTests {
  /// Widths around the 16 lanes of a vector, and around the unrolled loops of 2 and 4 vectors.
  private static let widths = [1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 79, 127, 128, 130]

  /// Rows of `width` scores inside of a wider matrix, so that rows do not touch.
  private func scores(width: Int, rows: Int = 3, scale: Double = 8) -> Tensor {
    let generator = Generator(seed: UInt64(width))
    return (Tensor.normal([rows, width + 5], generator: generator) * scale)
      .slice(2..<(width + 2), along: 1)
  }

  private func rows(_ tensor: Tensor) -> [[Double]] {
    (0..<tensor.shape[0]).map { tensor[$0].doubles() }
  }

  /// The largest error of `actual` in units in the last place of a float of that size.
  private func worstUnits(_ actual: [Double], _ expected: [Double]) -> Double {
    zip(actual, expected).map { actual, expected in
      let unit = Double(max(Float(abs(expected)), .leastNormalMagnitude).ulp)
      return abs(actual - expected) / unit
    }.max() ?? 0
  }

  @Test func `exponentials are accurate to the last place`() {
    let points = (0..<400_000).map { Float(-87.3 + 175.3 * Double($0) / 400_000) }
    let x = Tensor(points, shape: [4, 100_000]), y = Tensor.zeros([4, 100_000])
    x.writeExponentials(shift: .zeros([4]), scale: .ones([4]), to: y)
    let worst = worstUnits(y.doubles(), points.map { exp(Double($0)) })
    #expect(worst < 1.5, "\(worst) units")
  }

  @Test func `exponentials handle extreme scores`() {
    let points: [Float] = [
      -.infinity, -1e30, -1e4, -88, -87.4, -.leastNonzeroMagnitude, 0, .leastNonzeroMagnitude, 87,
      .nan, 3, 0, 0, 0, 0, 0, -.infinity,
    ]
    let x = Tensor(points, shape: [1, 17])
    x.writeExponentials(shift: .zeros([1]), scale: .ones([1]), to: x)
    let y = x.doubles()
    #expect(y[0...4].allSatisfy { $0 == 0 } && y[5...7].allSatisfy { $0 == 1 })
    expectClose(y[8], exp(87), tolerance: 1e-6)
    #expect(y[9].isNaN && y[16] == 0)
  }

  @Test(arguments: widths) func `exponentials match at every width`(width: Int) {
    let x = scores(width: width)
    let shift = Tensor([Float(1), -2, 30]), scale = Tensor([Float(0.5), -1, 0])
    let frame = Tensor.full([3, width + 4], 77)
    x.writeExponentials(shift: shift, scale: scale, to: frame.slice(1..<(width + 1), along: 1))
    let (s, a) = (shift.doubles(), scale.doubles())
    for (r, row) in rows(x).enumerated() {
      let written = frame[r].doubles()
      expectClose(
        Array(written[1...width]), row.map { a[r] * exp($0 - s[r]) }, tolerance: 1e-5)
      #expect(written[0] == 77 && written[(width + 1)...].allSatisfy { $0 == 77 })
    }
  }

  @Test(arguments: widths) func `sigmoids match at every width`(width: Int) {
    let x = scores(width: width, scale: 20)
    let expected = rows(x).flatMap { $0.map { 3 / (1 + exp(-$0)) } }
    let y = Tensor.zeros([3, width])
    x.writeSigmoids(scale: 3, to: y)
    expectClose(y.doubles(), expected, tolerance: 3e-7)
    x.writeSigmoids(scale: 3, to: x)
    #expect(x.isIdentical(to: y))
  }

  @Test func `sigmoids saturate at extreme scores`() {
    let x = Tensor([-.infinity, -1e4, -50, 0, 50, 1e4, .infinity, .nan] as [Float], shape: [1, 8])
    x.writeSigmoids(scale: 1, to: x)
    let y = x.doubles()
    #expect(Array(y[0...1]) == [0, 0] && y[3] == 0.5 && Array(y[4...6]) == [1, 1, 1])
    #expect(abs(y[2] / exp(-50) - 1) < 1e-6 && y[7].isNaN)
  }

  @Test(arguments: widths) func `softplus sums match at every width`(width: Int) {
    let x = scores(width: width, scale: 20)
    let sums = Tensor([0.0, 1, 2])
    x.addSoftplusRowSums(to: sums)
    let expected = rows(x).enumerated().map { index, row in
      row.reduce(Double(index)) { $0 + max($1, 0) + log1p(exp(-abs($1))) }
    }
    expectClose(sums.doubles(), expected, tolerance: 1e-6)
  }

  /// One column, so that each sum is one value: exact also where it is tiny.
  @Test func `softplus has a small relative error`() {
    let points = (0..<100_000).map { Float(-87 + 127 * Double($0) / 100_000) }
    let sums = Tensor.zeros([points.count], dtype: .float64)
    Tensor(points, shape: [points.count, 1]).addSoftplusRowSums(to: sums)
    let expected = points.map { max(Double($0), 0) + log1p(exp(-abs(Double($0)))) }
    let worst = worstUnits(sums.doubles(), expected)
    #expect(worst < 4, "\(worst) units")
  }

  @Test func `softplus sums handle extreme scores`() {
    let x = Tensor([-.infinity, 1e4, -1e4, .infinity, .nan] as [Float], shape: [5, 1])
    let sums = Tensor.zeros([5], dtype: .float64)
    x.addSoftplusRowSums(to: sums)
    let y = sums.doubles()
    #expect(Array(y[0...3]) == [0, 1e4, 0, .infinity] && y[4].isNaN)
  }

  @Test(arguments: widths) func `log-sum-exp matches at every width`(width: Int) {
    let running = RunningLogSumExp(count: 3, dtype: .float32, device: .cpu)
    let blocks = [scores(width: width), scores(width: width, scale: 40), scores(width: 3)]
    for block in blocks { running.add(block) }
    let all = (0..<3).map { row in blocks.flatMap { $0[row].doubles() } }
    expectClose(
      running.value.doubles(),
      all.map { row in
        let peak = row.max() ?? 0
        return peak + log(row.reduce(0) { $0 + exp($1 - peak) })
      }, tolerance: 1e-6)
    #expect(running.maximum.doubles() == all.map { $0.max() ?? 0 })
  }

  /// The kernel and the composition of operators, block by block, against `logsumexp` of the whole.
  @Test(arguments: [DType.float32, .float64]) func `log-sum-exp handles extreme scores`(
    dtype: DType
  ) {
    let rows: [[Double]] = [
      [-.infinity, -.infinity, -.infinity], [-.infinity, 1e4, -1e4], [-1e4, -1e4, -.infinity],
      [1, .infinity, 2], [.infinity, .infinity, -.infinity], [1, .nan, 2], [1e38, -1e38, 0],
      [.infinity, 1e38, 1e38], [-.infinity, .nan, .infinity],
    ]
    let x = Tensor(rows: rows).converted(to: dtype)
    let running = RunningLogSumExp(count: rows.count, dtype: dtype, device: .cpu)
    for column in 0..<3 { running.add(x.slice(column..<(column + 1), along: 1)) }
    let expected = x.logSumExp(along: 1).doubles()
    for (row, (actual, expected)) in zip(running.value.doubles(), expected).enumerated() {
      #expect(
        actual.isNaN == expected.isNaN && (actual.isNaN || abs(actual - expected) <= 1e-6)
          || actual == expected || abs(actual / expected - 1) < 1e-6,
        "\(rows[row]): \(actual), expected \(expected)")
    }
  }

  @Test func `empty blocks change nothing`() {
    let running = RunningLogSumExp(count: 2, dtype: .float32, device: .cpu)
    running.add(.zeros([2, 0]))
    #expect(running.value.doubles() == [-.infinity, -.infinity])
    running.add(Tensor(rows: [[Float(1)], [2]]))
    running.add(.zeros([2, 0]))
    #expect(running.value.doubles() == [1, 2])
    RunningLogSumExp(count: 0, dtype: .float32, device: .cpu).add(.zeros([0, 4]))
    let none = Tensor.zeros([0, 4])
    none.writeExponentials(shift: .zeros([0]), scale: .zeros([0]), to: none)
    none.writeSigmoids(scale: 1, to: none)
    none.addSoftplusRowSums(to: .zeros([0], dtype: .float64))
  }

  @Test func `rejects scores of an unsupported layout`() throws {
    let x = Tensor.zeros([4, 4])
    let sums = Tensor.zeros([4], dtype: .float64)
    #expect(throws: TorchError.self) { try checked { x.transposed().addSoftplusRowSums(to: sums) } }
    #expect(throws: TorchError.self) { try checked { x.addSoftplusRowSums(to: .zeros([4])) } }
    #expect(throws: TorchError.self) { try checked { x.addSoftplusRowSums(to: sums[0..<3]) } }
    #expect(throws: TorchError.self) {
      try checked { x.writeSigmoids(scale: 1, to: .zeros([4, 5])) }
    }
    let nothing = Op("aten::_efficientzerotensor")(.ints([4, 4]), .dtype(.float32))
    #expect(throws: TorchError.self) { try checked { nothing.addSoftplusRowSums(to: sums) } }
    #expect(nothing.doubles() == [Double](repeating: 0, count: 16))
  }

  @Test func `is independent of the thread count`() {
    let x = Tensor.normal([300, 700], generator: Generator(seed: 3)) * 5
    func everything() -> [Tensor] {
      let running = RunningLogSumExp(count: 300, dtype: .float32, device: .cpu)
      running.add(x)
      let sums = Tensor.zeros([300], dtype: .float64)
      x.addSoftplusRowSums(to: sums)
      let exponentials = x.copied(), sigmoids = x.copied()
      x.writeExponentials(shift: running.maximum, scale: .ones([300]), to: exponentials)
      x.writeSigmoids(scale: 0.3, to: sigmoids)
      return [running.value, sums, exponentials, sigmoids]
    }
    let alone = Runtime.withThreads(1, everything)
    for count in [2, 3, 7] {
      for (one, many) in zip(alone, Runtime.withThreads(count, everything)) {
        #expect(one.isIdentical(to: many))
      }
    }
  }
}

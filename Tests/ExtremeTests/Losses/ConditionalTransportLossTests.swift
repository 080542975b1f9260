import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ConditionalTransportLossTests {
  typealias Loss = ConditionalTransportLoss

  private struct Case: Decodable {
    struct Options: Decodable {
      let temperature: Double
      let forwardWeight: Double
    }
    struct Inputs: Decodable {
      let patches: [[[Double]]]
      let patchWeights: [[Double]]?
      let labels: [[Double]]
      let positives: [[Int]]
      let grades: [[Float]]?
    }
    struct Slopes: Decodable {
      let patches: [[[Double]]]
      let labels: [[Double]]
    }
    let options: Options
    let inputs: Inputs
    let value: Double
    let gradients: Slopes
  }

  private struct Batch {
    var patches: [[[Double]]]
    var weights: [[Double]]?
    var labels: [[Double]]
    var positives: [[Int]]
    var grades: [[Float]]?

    static func random(seed: UInt64) -> Batch {
      var random = SplitMix64(seed)
      return Batch(
        patches: (0..<3).map { _ in (0..<4).map { _ in random.doubles(3) } },
        labels: (0..<5).map { _ in random.doubles(3) }, positives: [[4, 0], [1], [2, 3, 1]])
    }

    var matrix: CSRMatrix {
      let plain = CSRMatrix(rows: positives, columnCount: labels.count)
      return CSRMatrix(
        rowOffsets: plain.rowOffsets, columns: plain.columns,
        values: grades.map { MappedArray(Array($0.joined())) }, columnCount: plain.columnCount)
    }

    func differentiated(_ loss: Loss, dtype: DType = .float64) throws -> (
      value: Double, patches: [Double], labels: [Double]
    ) {
      let shape = [patches.count, patches[0].count, patches[0][0].count]
      let x = Tensor(patches.flatMap { $0.flatMap { $0 } }, shape: shape).converted(to: dtype)
        .requiringGradient()
      let y = Tensor(rows: labels).converted(to: dtype).requiringGradient()
      let value = try loss(
        patches: x, patchWeights: weights.map { Tensor(rows: $0) }, labels: y, positives: matrix)
      let slopes = try gradients(of: value, withRespectTo: [x, y])
      return (value.scalar, slopes[0]?.doubles() ?? [], slopes[1]?.doubles() ?? [])
    }

    /// The equation in loops, for shares that are all equal.
    func equation(_ loss: Loss) -> Double {
      var total = 0.0
      for (own, wanted) in zip(patches, positives) {
        let cosine = own.map { x in
          wanted.map { m in
            let y = labels[m]
            let product = zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
            return product / (Self.length(x) * Self.length(y))
          }
        }
        for row in cosine { total += loss.forwardWeight * carried(row, loss) / Double(own.count) }
        for m in wanted.indices {
          total +=
            (1 - loss.forwardWeight) * carried(cosine.map { $0[m] }, loss) / Double(wanted.count)
        }
      }
      return total / Double(patches.count)
    }

    private func carried(_ cosines: [Double], _ loss: Loss) -> Double {
      let parts = cosines.map { exp($0 / loss.temperature) }
      return zip(parts, cosines).reduce(0) { $0 + $1.0 * (1 - $1.1) } / parts.reduce(0, +)
    }

    private static func length(_ vector: [Double]) -> Double {
      vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }

  @Test(arguments: [0.05, 1, 20], [0, 0.3, 1])
  func `matches the equation`(temperature: Double, forwardWeight: Double) throws {
    let loss = Loss(temperature: temperature, forwardWeight: forwardWeight)
    let batch = Batch.random(seed: 61)
    expectClose(try batch.differentiated(loss).value, batch.equation(loss), tolerance: 1e-12)
    expectClose(
      try batch.differentiated(loss, dtype: .float32).value, batch.equation(loss),
      tolerance: 1e-5)
  }

  @Test func `agrees with PyTorch`() throws {
    let golden: Golden<Case> = try learningGolden("ConditionalTransportLoss")
    #expect(golden.cases.count == 2)
    for found in golden.cases {
      let batch = Batch(
        patches: found.inputs.patches, weights: found.inputs.patchWeights,
        labels: found.inputs.labels, positives: found.inputs.positives,
        grades: found.inputs.grades)
      let loss = Loss(
        temperature: found.options.temperature, forwardWeight: found.options.forwardWeight)
      let own = try batch.differentiated(loss)
      expectClose(own.value, found.value, tolerance: 1e-12)
      expectClose(
        own.patches, found.gradients.patches.flatMap { $0.flatMap { $0 } }, tolerance: 1e-12)
      expectClose(own.labels, Array(found.gradients.labels.joined()), tolerance: 1e-12)
    }
  }

  @Test func `gradient matches finite differences`() throws {
    let loss = Loss(temperature: 0.4, forwardWeight: 0.3)
    let batch = Batch.random(seed: 62)
    let found = try batch.differentiated(loss)
    let step = 1e-6
    func slope(_ move: (inout Batch, Double) -> Void) throws -> Double {
      var (above, below) = (batch, batch)
      move(&above, step)
      move(&below, -step)
      return (try above.differentiated(loss).value - below.differentiated(loss).value) / (2 * step)
    }
    for index in 0..<(3 * 4 * 3) {
      let numeric = try slope { $0.patches[index / 12][index / 3 % 4][index % 3] += $1 }
      expectClose(found.patches[index], numeric, tolerance: 1e-8, "patches[\(index)]")
    }
    for index in 0..<(5 * 3) {
      let numeric = try slope { $0.labels[index / 3][index % 3] += $1 }
      expectClose(found.labels[index], numeric, tolerance: 1e-8, "labels[\(index)]")
    }
  }

  @Test func `is invariant to order, length and scale of shares`() throws {
    let loss = Loss(temperature: 0.3, forwardWeight: 0.6)
    var batch = Batch.random(seed: 63)
    batch.weights = [[1, 2, 0.5, 1], [1, 1, 1, 1], [0.25, 3, 0, 1]]
    batch.grades = [[1, 3], [2], [1, 1, 0.5]]
    let expected = try batch.differentiated(loss).value
    var other = batch
    other.patches = batch.patches.map { $0.reversed().map { $0.map { $0 * 7 } } }
    other.weights = batch.weights?.map { $0.reversed().map { $0 * 3 } }
    other.labels = batch.labels.map { $0.map { $0 * 0.1 } }
    other.positives = batch.positives.map { $0.reversed() + $0 }
    other.grades = batch.grades.map { $0.map { ($0.reversed() + $0).map { $0 * 2 } } }
    expectClose(try other.differentiated(loss).value, expected, tolerance: 1e-12)
    other.weights?[0][0] *= 2
    #expect(abs(try other.differentiated(loss).value - expected) > 1e-3)
  }

  @Test func `one patch and one label cost their distance`() throws {
    for temperature in [0.01, 1] {
      let batch = Batch(patches: [[[3, 4]]], labels: [[0, 2]], positives: [[0]])
      let found = try batch.differentiated(Loss(temperature: temperature))
      expectClose(found.value, 1 - 0.8, tolerance: 1e-14)
    }
  }

  @Test func `equal directions cost nothing`() throws {
    let batch = Batch(
      patches: [[[1, 1], [2, 2]]], labels: [[3, 3], [0.5, 0.5]], positives: [[0, 1]])
    let found = try batch.differentiated(Loss(temperature: 0.5))
    expectClose(found.value, 0, tolerance: 1e-15)
    expectClose(found.patches, [0, 0, 0, 0], tolerance: 1e-15)
  }

  /// A blunt navigator sends shares, a sharp one everything to the nearest.
  @Test func `temperature interpolates between mean and minimum`() throws {
    let batch = Batch(patches: [[[1, 0]]], labels: [[1, 0], [0, 1]], positives: [[0, 1]])
    let blunt = try batch.differentiated(Loss(temperature: 1e9, forwardWeight: 1)).value
    expectClose(blunt, 0.5, tolerance: 1e-8)
    let sharp = try batch.differentiated(Loss(temperature: 1e-3, forwardWeight: 1)).value
    expectClose(sharp, 0, tolerance: 1e-12)
    // The way back has one patch to go to.
    let back = try batch.differentiated(Loss(temperature: 1e-3, forwardWeight: 0)).value
    expectClose(back, 0.5, tolerance: 1e-12)
  }

  @Test func `stays finite at extreme inputs`() throws {
    var batch = Batch.random(seed: 64)
    batch.patches[0][1] = [0, 0, 0]
    batch.labels[1] = [0, 0, 0]
    batch.patches[1] = batch.patches[1].map { $0.map { $0 * 1e15 } }
    for dtype in [DType.float64, .float32] {
      for temperature in [1e-6, 1, 1e12] {
        let found = try batch.differentiated(Loss(temperature: temperature), dtype: dtype)
        #expect(found.value.isFinite)
        #expect((found.patches + found.labels).allSatisfy { abs($0) < 1e9 })
      }
    }
  }

  @Test func `examples without mass leave the mean`() throws {
    var batch = Batch.random(seed: 65)
    let loss = Loss(temperature: 0.5)
    var alone = batch
    alone.patches = [batch.patches[1]]
    alone.positives = [batch.positives[1]]
    let expected = try alone.differentiated(loss).value
    batch.positives[0] = []
    batch.weights = [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0]]
    expectClose(try batch.differentiated(loss).value, expected, tolerance: 1e-14)
    batch.positives = [[], [], []]
    let none = try batch.differentiated(loss)
    #expect(none.value == 0 && (none.patches + none.labels).allSatisfy { $0 == 0 })
  }

  @Test func `traps on a weight out of range`() async {
    await #expect(processExitsWith: .failure) {
      do {
        _ = try ConditionalTransportLoss(forwardWeight: 1.5)(
          patches: .ones([1, 2, 3]), labels: .ones([2, 3]),
          positives: CSRMatrix(rows: [[0]], columnCount: 2))
      } catch {}
    }
  }
}

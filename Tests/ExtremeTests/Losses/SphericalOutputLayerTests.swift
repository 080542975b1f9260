import Storage
import TestSupport
import Testing
import Torch

@testable import Extreme

@Suite struct SphericalOutputLayerTests {
  private struct Case: Decodable {
    struct Options: Decodable {
      let sharpness: Double
      let target: Double
      let temperature: Double
      let learningRate: Double
    }
    struct Step: Decodable {
      let queries: [[Double]]
      let positives: [[Int]]
      let value: Double
      let gradient: [[Double]]
      let weights: [[Double]]
    }
    let options: Options
    let weights: [[Double]]
    let steps: [Step]
  }

  @Test(arguments: [0, 1]) func `agrees with dense steps in PyTorch`(index: Int) throws {
    let golden: Golden<Case> = try learningGolden("SphericalOutputLayer")
    let found = golden.cases[index]
    let options = found.options
    // A limit of 0 multiplies U into V in every step.
    for limit in [1e6, 0] {
      let layer = SphericalOutputLayer(
        ZLoss(
          temperature: options.temperature, sharpness: options.sharpness, target: options.target),
        weights: Tensor(rows: found.weights), conditionLimit: limit)
      for (number, step) in found.steps.enumerated() {
        let (value, gradient) = try layer.step(
          queries: Tensor(rows: step.queries),
          positives: CSRMatrix(rows: step.positives, columnCount: found.weights.count),
          learningRate: options.learningRate)
        expectClose(value, step.value, tolerance: 1e-12, "step \(number)")
        expectClose(gradient, Tensor(rows: step.gradient), tolerance: 1e-11, "step \(number)")
        expectClose(
          layer.weights(), Tensor(rows: step.weights), tolerance: 1e-11, "step \(number)")
      }
      #expect(layer.foldCount == (limit == 0 ? found.steps.count : 0))
    }
  }

  /// Dense gradient descent next to the layer, on the same batches.
  private static func distances(
    steps: Int, batch: Int, labels: Int = 40, width: Int = 6, rate: Double,
    limit: Double = 1e6, dtype: DType = .float64, scale: Double = 1
  ) throws -> (weights: Double, loss: Double, gradient: Double, folds: Int, moved: Double) {
    let generator = Generator(seed: 51)
    let loss = ZLoss(temperature: 0.5, sharpness: 2, target: 3)
    let start =
      Tensor.normal([labels, width], generator: generator).converted(to: .float64) * scale
    var dense = start
    let layer = SphericalOutputLayer(
      loss, weights: start.converted(to: dtype), conditionLimit: limit)
    var worst = (loss: 0.0, gradient: 0.0)
    var random = SplitMix64(52)
    for _ in 0..<steps {
      let queries = Tensor.normal([batch, width], generator: generator).converted(to: .float64)
      let rows = (0..<batch).map { _ in
        (0..<Int.random(in: 0..<4, using: &random)).map { _ in
          Int.random(in: 0..<labels, using: &random)
        }
      }
      let positives = CSRMatrix(rows: rows, columnCount: labels)
      let leaves = [queries.requiringGradient(), dense.requiringGradient()]
      let value = try loss(queries: leaves[0], labels: leaves[1], positives: positives)
      let slopes = try gradients(of: value, withRespectTo: leaves).compactMap { $0 }
      let found = try layer.step(queries: queries, positives: positives, learningRate: rate)
      worst.loss = max(worst.loss, abs(found.loss - value.scalar))
      worst.gradient = max(
        worst.gradient, (found.gradient - slopes[0]).norm().scalar / (1 + slopes[0].norm().scalar))
      dense = dense.detached() - slopes[1] * rate
    }
    let distance = (layer.weights().converted(to: .float64) - dense).norm().scalar
    return (
      distance / dense.norm().scalar, worst.loss, worst.gradient, layer.foldCount,
      (dense - start).norm().scalar / start.norm().scalar
    )
  }

  @Test(arguments: [1, 5, 9]) func `many steps equal dense steps`(batch: Int) throws {
    // More steps than there are between two inversions of U.
    let found = try Self.distances(steps: 600, batch: batch, rate: 5)
    #expect(found.moved > 1, "the steps must matter")
    #expect(found.weights < 1e-9 && found.loss < 1e-9 && found.gradient < 1e-9, "\(found)")
  }

  @Test func `periodic inversion removes drift of the inverse`() throws {
    let generator = Generator(seed: 54)
    let layer = SphericalOutputLayer(
      ZLoss(target: 2),
      weights: Tensor.normal([20, 4], generator: generator).converted(to: .float64))
    func off() -> Double {
      (layer.mixing.matmul(layer.inverse) - .identity(4, dtype: .float64)).norm().scalar
    }
    layer.inverse.multiplyInPlace(by: 1.001)
    for step in 1...SphericalOutputLayer.inversionInterval {
      #expect(off() > 1e-4, "before step \(step)")
      _ = try layer.step(
        queries: Tensor.normal([2, 4], generator: generator).converted(to: .float64),
        positives: CSRMatrix(rows: [[step % 20], [3]], columnCount: 20), learningRate: 0.01)
    }
    #expect(off() < 1e-12)
    #expect(layer.foldCount == 0)
  }

  @Test func `folding changes nothing`() throws {
    let found = try Self.distances(steps: 300, batch: 3, rate: 5, limit: 1.01)
    #expect(found.folds > 3 && found.folds < 300, "\(found.folds) folds")
    #expect(found.weights < 1e-10, "\(found)")
  }

  @Test func `Float32 label vectors stay accurate`() throws {
    let found = try Self.distances(steps: 200, batch: 4, rate: 5, limit: 100, dtype: .float32)
    #expect(found.weights < 1e-5 && found.loss < 1e-4, "\(found)")
  }

  @Test func `stays finite at extreme scales`() throws {
    for (scale, rate) in [(1e4, 1e6), (1e-6, 1e-10), (1, 50)] {
      let found = try Self.distances(steps: 40, batch: 3, rate: rate, scale: scale)
      #expect(found.weights < 1e-6, "scale \(scale), rate \(rate): \(found)")
    }
  }

  @Test func `the mean label vector never moves`() throws {
    let generator = Generator(seed: 53)
    let weights = Tensor.normal([20, 4], generator: generator).converted(to: .float64) + 100
    let layer = SphericalOutputLayer(ZLoss(target: 2), weights: weights)
    for step in 0..<50 {
      _ = try layer.step(
        queries: Tensor.normal([2, 4], generator: generator).converted(to: .float64),
        positives: CSRMatrix(rows: [[step % 20], [3]], columnCount: 20), learningRate: 1)
    }
    expectClose(layer.weights().mean(along: 0), weights.mean(along: 0), tolerance: 1e-12)
    #expect((layer.weights() - weights).norm().scalar > 1)
  }

  @Test func `two labels give zero gradient`() throws {
    // z is 1 and −1 whatever the label vectors are.
    let weights = Tensor(rows: [[1, 2], [-3, 0.5]])
    let layer = SphericalOutputLayer(ZLoss(sharpness: 1, target: 1), weights: weights)
    let (value, gradient) = try layer.step(
      queries: Tensor(rows: [[1, 1]]), positives: CSRMatrix(rows: [[0]], columnCount: 2),
      learningRate: 10)
    expectClose(value, 0.6931471805599453, tolerance: 1e-14)
    expectClose(gradient, Tensor(rows: [[0, 0]]), tolerance: 1e-14)
    expectClose(layer.weights(), weights, tolerance: 1e-13)
  }

  @Test func `equal labels and no positives change nothing`() throws {
    let same = Tensor.full([9, 3], 0.1, dtype: .float64)
    let layer = SphericalOutputLayer(ZLoss(), weights: same)
    let queries = Tensor(rows: [[1, 2, 3], [0.5, 0, 1]])
    let (value, gradient) = try layer.step(
      queries: queries, positives: CSRMatrix(rows: [[1], [2]], columnCount: 9), learningRate: 1)
    expectClose(value, 10.00004539889922, tolerance: 1e-12)
    expectClose(gradient, Tensor.zeros([2, 3]), tolerance: 0)
    let other = SphericalOutputLayer(ZLoss(), weights: Tensor.identity(3, dtype: .float64))
    let none = try other.step(
      queries: queries, positives: CSRMatrix(rows: [[], []], columnCount: 3), learningRate: 1)
    #expect(none.loss == 0)
    expectClose(other.weights(), Tensor.identity(3, dtype: .float64), tolerance: 1e-15)
  }

  @Test func `traps on queries of another width`() async {
    await #expect(processExitsWith: .failure) {
      let layer = SphericalOutputLayer(ZLoss(), weights: .zeros([4, 3]))
      do {
        _ = try layer.step(
          queries: .zeros([1, 2]), positives: CSRMatrix(rows: [[0]], columnCount: 4),
          learningRate: 1)
      } catch {}
    }
  }

  @Test func `traps on sharpness 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = SphericalOutputLayer(ZLoss(sharpness: 0), weights: .zeros([4, 3]))
    }
  }
}

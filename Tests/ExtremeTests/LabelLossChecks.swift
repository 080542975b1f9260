import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// A loss over queries, labels and positives, so that all share their laws.
protocol LabelLoss: Codable, Hashable, Sendable {
  init(temperature: Double, blockSize: Int?)
  func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?
  ) throws -> Tensor
  func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor
}

extension LabelLoss {
  func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix
  ) throws -> Tensor {
    try self(queries: queries, labels: labels, bias: bias, positives: positives, offset: nil)
  }
}

extension DecoupledSoftmaxLoss: LabelLoss {}
extension InfoNCELoss: LabelLoss {}
extension BinaryCrossEntropyLoss: LabelLoss {}

/// The loss and ∂L/∂s of a score matrix in plain loops, written down from the equation.
typealias Equation = @Sendable ([[Double]], [[Int]]) -> (value: Double, gradient: [[Double]])

/// One case of a golden file of these losses.
private struct GoldenCase: Decodable {
  struct Inputs: Decodable {
    let queries: [[Double]]
    let labels: [[Double]]
    let bias: [Double]?
    let positives: [[Int]]
  }
  struct Slopes: Decodable {
    let queries: [[Double]]
    let labels: [[Double]]
    let bias: [Double]?
  }
  let options: [String: GoldenOption]
  let inputs: Inputs
  let value: Double
  let gradients: Slopes
}

/// A hyperparameter in a golden file.
enum GoldenOption: Decodable, Hashable {
  case number(Double)
  case text(String)

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do {
      self = .number(try container.decode(Double.self))
    } catch {
      self = .text(try container.decode(String.self))
    }
  }

  var number: Double {
    if case .number(let number) = self { number } else { .nan }
  }
}

/// Expects the hyperparameters of a golden file.
func expectOptions(
  _ options: [String: GoldenOption], of loss: Any,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let own = Mirror(reflecting: loss).children.filter { !["blockSize"].contains($0.label) }
  for property in own {
    let value =
      (property.value as? Double).map { GoldenOption.number($0) } ?? .text("\(property.value)")
    #expect(
      options[property.label ?? ""] == value, "\(property.label ?? "")",
      sourceLocation: sourceLocation)
  }
}

/// Reads a golden file of these tests, from whatever folder below.
func learningGolden<Case: Decodable>(_ name: String) throws -> Golden<Case> {
  try Golden<Case>(name)
}

enum LabelLossChecks {
  static let blockSizes: [Int?] = [1, 3, 7, 50, nil]

  /// The names of the losses over labels, for the arguments of tests.
  static let names = LabelLossTable.losses.map { "\($0.type)" }

  static func loss(named name: String) throws -> any LabelLoss.Type {
    try #require(LabelLossTable.losses.first { "\($0.type)" == name }).type
  }

  /// Streaming, composite and loops agree in value and gradient.
  static func agreesWithTheEquation<Loss: LabelLoss>(
    _ type: Loss.Type, temperature: Double, _ equation: Equation
  ) throws {
    let example = LabelCase.random(seed: 1, temperature: temperature)
    let (value, gradient) = equation(example.scores, example.positives)
    let expected = example.chained(value: value, scoreGradient: gradient)
    expectClose(try example.composed(type), expected, tolerance: 1e-11, "composite")
    for size in blockSizes {
      expectClose(
        try example.streamed(type, blockSize: size), expected, tolerance: 1e-11,
        "blocks of \(size ?? 0)")
    }
    // float32 goes through the kernels; its own rounding of scores of size 1/τ is the tolerance.
    expectClose(
      try example.streamed(type, blockSize: 3, dtype: .float32), expected,
      tolerance: 2e-6 * max(1, 1 / temperature), "float32")
  }

  /// Value and gradients match the golden file.
  ///
  /// - Parameter name: that of the golden file; nil for the loss's, whose options are then compared.
  static func agreesWithTheGolden<Loss: LabelLoss>(
    _ type: Loss.Type, named name: String? = nil
  ) throws {
    let golden = try Golden<GoldenCase>(name ?? "\(Loss.self)")
    #expect(golden.cases.count == 4)
    for (index, found) in golden.cases.enumerated() {
      let queries = Tensor(rows: found.inputs.queries).requiringGradient()
      let labels = Tensor(rows: found.inputs.labels).requiringGradient()
      let bias = found.inputs.bias.map { Tensor($0).requiringGradient() }
      let positives = CSRMatrix(
        rows: found.inputs.positives, columnCount: found.inputs.labels.count)
      for size in [1, 2, nil] {
        let loss = Loss(temperature: found.options["temperature"]?.number ?? .nan, blockSize: size)
        if name == nil { expectOptions(found.options, of: loss) }
        let value = try loss(queries: queries, labels: labels, bias: bias, positives: positives)
        let label = "case \(index), blocks of \(size ?? 0)"
        expectClose(value.scalar, found.value, tolerance: 1e-12, label)
        let slopes = try gradients(
          of: value, withRespectTo: [queries, labels] + (bias.map { [$0] } ?? []))
        expectClose(slopes[0], Tensor(rows: found.gradients.queries), tolerance: 1e-11, label)
        expectClose(slopes[1], Tensor(rows: found.gradients.labels), tolerance: 1e-11, label)
        if bias != nil {
          expectClose(slopes[2], found.gradients.bias.map { Tensor($0) }, tolerance: 1e-11, label)
        }
      }
    }
  }

  /// Every partial derivative against a central difference.
  static func gradientsMatchDifferences<Loss: LabelLoss>(_ type: Loss.Type) throws {
    let example = LabelCase.random(seed: 2, temperature: 0.7)
    let analytic = try example.streamed(type, blockSize: 3)
    let step = 1e-5
    func slope(_ move: (inout LabelCase, Double) -> Void) throws -> Double {
      var above = example
      var below = example
      move(&above, step)
      move(&below, -step)
      let high = try above.streamed(type, blockSize: 3).value
      return (high - (try below.streamed(type, blockSize: 3).value)) / (2 * step)
    }
    let width = example.queries[0].count
    var numeric = analytic
    for i in 0..<analytic.queries.count {
      numeric.queries[i] = try slope { $0.queries[i / width][i % width] += $1 }
    }
    for j in 0..<analytic.labels.count {
      numeric.labels[j] = try slope { $0.labels[j / width][j % width] += $1 }
    }
    for j in 0..<analytic.bias.count { numeric.bias[j] = try slope { $0.bias[j] += $1 } }
    // The differences' own error is of the order of step².
    expectClose(analytic, numeric, tolerance: 1e-8)
  }

  /// The order of labels and of queries, and the order and repetition of positives, do not change the
  /// loss; the gradient scales with its start.
  static func keepsItsLaws<Loss: LabelLoss>(_ type: Loss.Type) throws {
    let example = LabelCase.random(seed: 3, temperature: 0.5)
    let expected = try example.streamed(type, blockSize: 3)

    var turned = example
    let count = example.labels.count
    turned.labels = example.labels.reversed()
    turned.bias = example.bias.reversed()
    turned.positives = example.positives.map { $0.map { count - 1 - $0 } }
    let backwards = try turned.streamed(type, blockSize: 3)
    expectClose(backwards.value, expected.value, tolerance: 1e-12, "labels reversed")
    expectClose(backwards.queries, expected.queries, tolerance: 1e-12, "labels reversed")
    expectClose(backwards.bias, expected.bias.reversed(), tolerance: 1e-12, "labels reversed")

    var shuffled = example
    shuffled.queries.reverse()
    shuffled.positives.reverse()
    let upsideDown = try shuffled.streamed(type, blockSize: 3)
    expectClose(upsideDown.value, expected.value, tolerance: 1e-12, "queries reversed")
    expectClose(upsideDown.labels, expected.labels, tolerance: 1e-12, "queries reversed")

    var repeated = example
    repeated.positives = example.positives.map { $0.reversed() + $0 }
    expectClose(try repeated.streamed(type, blockSize: 3), expected, "positives repeated")
    expectClose(try repeated.composed(type), expected, tolerance: 1e-11, "positives repeated")

    for size in blockSizes {
      var scaled = try example.streamed(type, blockSize: size, start: -2.5)
      scaled.queries = scaled.queries.map { $0 / -2.5 }
      scaled.labels = scaled.labels.map { $0 / -2.5 }
      scaled.bias = scaled.bias.map { $0 / -2.5 }
      expectClose(scaled, expected, "started with -2.5")
    }
  }

  /// Values and gradients at scores of ±10,000, in both precisions, equal the equation's.
  static func staysFinite<Loss: LabelLoss>(
    _ type: Loss.Type, _ equation: Equation, tolerance: Double = 1e-12,
    float32Tolerance: Double = 1e-6
  ) throws {
    let example = LabelCase(
      queries: [[100], [-100], [100], [1e-3], [100]], labels: [[100], [-100], [0], [50]],
      bias: [0, 0, 0, 0], positives: [[0], [0, 2], [1, 3], [2], [0, 1, 2, 3]], temperature: 1)
    let (value, gradient) = equation(example.scores, example.positives)
    let expected = example.chained(value: value, scoreGradient: gradient)
    for size in [1, 2, nil] {
      expectClose(
        try example.streamed(type, blockSize: size), expected,
        tolerance: tolerance, "float64")
      expectClose(
        try example.streamed(type, blockSize: size, dtype: .float32), expected,
        tolerance: float32Tolerance,
        "float32")
    }
    expectClose(try example.composed(type), expected, tolerance: tolerance, "composite")
  }

  /// A number added to the biases of all labels changes nothing.
  static func ignoresAnOffset<Loss: LabelLoss>(_ type: Loss.Type, tolerance: Double) throws {
    var example = LabelCase.random(seed: 8, temperature: 0.5)
    let expected = try example.streamed(type, blockSize: 2)
    example.bias = example.bias.map { $0 - 300 }
    expectClose(try example.streamed(type, blockSize: 2), expected, tolerance: tolerance)
  }

  /// No queries have loss 0 and gradient 0.
  static func isZeroWithoutQueries<Loss: LabelLoss>(_ type: Loss.Type) throws {
    for dtype in [DType.float32, .float64] {
      let leaves = [Tensor.zeros([0, 4]), .ones([500, 4]), .ones([500])]
        .map { $0.converted(to: dtype).requiringGradient() }
      let value = try Loss(temperature: 1, blockSize: nil)(
        queries: leaves[0], labels: leaves[1], bias: leaves[2],
        positives: CSRMatrix(rows: [], columnCount: 500))
      #expect(value.scalar == 0)
      for slope in try gradients(of: value, withRespectTo: leaves) {
        #expect(slope?.isEqual(to: 0).allTrue() ?? true, "\(dtype)")
      }
    }
  }

  /// Queries without positives have loss 0 and gradient 0.
  static func isZeroWithoutPositives<Loss: LabelLoss>(_ type: Loss.Type) throws {
    var example = LabelCase.random(seed: 10, temperature: 1)
    example.positives = Array(repeating: [], count: 6)
    let none = example.chained(value: 0, scoreGradient: example.scores.map { $0.map { _ in 0 } })
    expectClose(try example.streamed(type, blockSize: 3), none)
    expectClose(try example.composed(type), none)
  }

  /// NaN in an embedding comes out as NaN instead of being taken for a masked score.
  static func passesNotANumberOn<Loss: LabelLoss>(_ type: Loss.Type) throws {
    for dtype in [DType.float32, .float64] {
      for label in 0..<7 {
        var example = LabelCase.random(seed: 4, temperature: 1)
        example.positives = [[0], [1], [2], [0], [1], [2]]
        example.labels[label][0] = .nan
        #expect(try example.streamed(type, blockSize: 3, dtype: dtype).value.isNaN)
      }
    }
  }

  /// float32 results differ by rounding only between block sizes, and by nothing between numbers
  /// of threads.
  static func dependsOnNeitherBlocksNorThreads<Loss: LabelLoss>(_ type: Loss.Type) throws {
    let generator = Generator(seed: 5)
    let queries = Tensor.normal([130, 48], generator: generator).normalized().requiringGradient()
    let labels = Tensor.normal([1111, 48], generator: generator).normalized().requiringGradient()
    let bias = Tensor.normal([1111], generator: generator).requiringGradient()
    let positives = CSRMatrix(
      rows: (0..<130).map { row in (0..<row % 5).map { (row * 5 + $0) * 89 % 1111 } },
      columnCount: 1111)
    func results(_ blockSize: Int?, threads: Int) throws -> [Tensor] {
      try Runtime.withThreads(threads) {
        let value = try Loss(temperature: 0.05, blockSize: blockSize)(
          queries: queries, labels: labels, bias: bias, positives: positives)
        return [value]
          + (try gradients(of: value, withRespectTo: [queries, labels, bias]).compactMap { $0 })
      }
    }
    let reference = try results(nil, threads: 1)
    #expect(reference.count == 4)
    for size in [100, 128, 500, 2000] {
      let found = try results(size, threads: 1)
      for (a, b) in zip(found, reference) {
        let error = (a - b).norm().scalar / b.norm().scalar
        #expect(error < 1e-6, "blocks of \(size): relative difference \(error)")
      }
    }
    for size in [100, nil] {
      for (a, b) in zip(try results(size, threads: 2), try results(size, threads: 1)) {
        #expect(a.isIdentical(to: b), "blocks of \(size ?? 0)")
      }
    }
  }

  /// Only requested gradients are computed, and a second derivative throws instead of being wrong.
  static func differentiatesWhatIsAsked<Loss: LabelLoss>(_ type: Loss.Type) throws {
    let example = LabelCase.random(seed: 6, temperature: 1)
    let all = try example.streamed(type)
    let constants = [
      Tensor(rows: example.queries), Tensor(rows: example.labels), Tensor(example.bias),
    ]
    let expected = [all.queries, all.labels, all.bias]
    for size in [2, nil] {
      for index in 0..<3 {
        var inputs = constants
        inputs[index] = inputs[index].requiringGradient()
        let value = try Loss(temperature: 1, blockSize: size)(
          queries: inputs[0], labels: inputs[1], bias: inputs[2], positives: example.matrix)
        let found = try gradients(of: value, withRespectTo: [inputs[index]])
        expectClose(found[0]?.doubles() ?? [], expected[index], tolerance: 1e-12, "input \(index)")
      }
    }
    let leaf = constants[0].requiringGradient()
    let value = try Loss(temperature: 1, blockSize: nil)(
      queries: leaf, labels: constants[1], bias: nil, positives: example.matrix)
    #expect(throws: TorchError.self) {
      try gradients(of: value, withRespectTo: [leaf], creatingGraph: true)
    }
    try expectSecondDerivatives(at: [example.scores]) {
      try Loss(temperature: 1, blockSize: nil)(scores: $0[0], positives: example.matrix)
    }
    // Kept scores survive the first pass.
    let first = try gradients(of: value, withRespectTo: [leaf], retainingGraph: true)[0]
    expectClose(try gradients(of: value, withRespectTo: [leaf])[0], first, tolerance: 0)
  }

  /// Memory that the loss should not have needed.
  private struct Growth: Error {
    let loss: String
    let bytes: Int
  }

  /// Throws unless a step over many labels stays far below one score matrix; for a separate
  /// process.
  static func needsNoScoreMatrix<Loss: LabelLoss>(
    _ type: Loss.Type, labelCount: Int = 200_000
  ) throws {
    func step(labelCount: Int) throws {
      let generator = Generator(seed: 7)
      let queries = Tensor.normal([256, 8], generator: generator).requiringGradient()
      let labels = Tensor.normal([labelCount, 8], generator: generator).requiringGradient()
      let positives = CSRMatrix(
        rows: (0..<256).map { [$0, labelCount - 1 - $0] }, columnCount: labelCount)
      let value = try Loss(temperature: 1, blockSize: 2048)(
        queries: queries, labels: labels, bias: nil, positives: positives)
      _ = try gradients(of: value, withRespectTo: [queries, labels])
    }
    // The first call brings libtorch's own pages and code into memory; they are not counted.
    try step(labelCount: 4096)
    try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    let before = try memory("VmRSS:")
    try step(labelCount: labelCount)
    let growth = try memory("VmHWM:") - before
    // 205 MB is one matrix of 200,000 labels; a block is 2, labels and their gradient 6.4 each.
    if growth > 60_000_000 { throw Growth(loss: "\(type)", bytes: growth) }
  }

  /// Whether the kernel lets a process reset its own peak.
  static let canMeasureMemory = access("/proc/self/clear_refs", W_OK) == 0

  private static func memory(_ field: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(field) })
    return try #require(line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) })
      * 1024
  }
}

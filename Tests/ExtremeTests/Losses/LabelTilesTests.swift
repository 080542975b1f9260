import Extreme
import Storage
import TestSupport
import Testing
import Torch

/// The losses in the interface library's tiles, against themselves block by block in float64, which
/// the other tests hold against equations.
@Suite struct LabelTilesTests {
  typealias Loss =
    @Sendable (_ x: Tensor, _ y: Tensor, _ b: Tensor, _ p: CSRMatrix) throws -> Tensor

  /// Two chunks of rows, five tiles of labels in three blocks, the last ones not full.
  static let (rowCount, labelCount, width, block) = (70, 300, 20, 128)

  static let losses: [(name: String, loss: Loss)] = [
    (
      "decoupled softmax",
      {
        try DecoupledSoftmaxLoss(temperature: 1, blockSize: block)(
          queries: $0, labels: $1, bias: $2, positives: $3)
      }
    ),
    (
      "InfoNCE",
      {
        try InfoNCELoss(temperature: 1, blockSize: block)(
          queries: $0, labels: $1, bias: $2, positives: $3)
      }
    ),
    (
      "MLCD",
      {
        try MLCDLoss(temperature: 1, blockSize: block)(
          queries: $0, labels: $1, bias: $2, positives: $3)
      }
    ),
    (
      "cross-entropy",
      {
        try BinaryCrossEntropyLoss(temperature: 1, blockSize: block)(
          queries: $0, labels: $1, bias: $2, positives: $3)
      }
    ),
    (
      "squared hinge",
      {
        try SquaredHingeLoss(temperature: 1, blockSize: block)(
          queries: $0, labels: $1, bias: $2, positives: $3)
      }
    ),
    (
      "soft top-k",
      {
        try SoftTopKLoss(temperature: 1, blockSize: block)(
          queries: $0, labels: $1, bias: $2, positives: $3)
      }
    ),
  ]

  /// Some rows without positives, one with nothing else, some in the first and last label.
  static let positives = CSRMatrix(
    rows: (0..<rowCount).map { row in
      switch row {
      case 3: []
      case 5: Array(0..<labelCount)
      default: [0, (row * 37) % labelCount, labelCount - 1, (row * 11) % 64]
      }
    }, columnCount: labelCount)

  struct Inputs {
    var queries: Tensor
    var labels: Tensor
    var bias: Tensor

    init(scale: Double, seed: UInt64 = 1) {
      let generator = Generator(seed: seed)
      queries = Tensor.normal([rowCount, width], generator: generator) * scale
      labels = Tensor.normal([labelCount, width], generator: generator)
      bias = Tensor.normal([labelCount], generator: generator)
    }

    /// The loss and its gradients as float64.
    func results(_ dtype: DType, _ loss: Loss) throws -> [Tensor] {
      let leaves = [queries, labels, bias].map { $0.converted(to: dtype).requiringGradient() }
      let value = try loss(leaves[0], leaves[1], leaves[2], positives)
      let slopes = try gradients(of: value, withRespectTo: leaves, start: Tensor(2.0, dtype: dtype))
      return ([value] + slopes.map { $0 ?? .zeros([0]) }).map { $0.converted(to: .float64) }
    }

    func rounded(to dtype: DType) -> Inputs {
      var copy = self
      (copy.queries, copy.labels, copy.bias) = (
        queries.converted(to: dtype), labels.converted(to: dtype), bias.converted(to: dtype)
      )
      return copy
    }
  }

  /// The largest error in each result, in units of its largest element.
  private static func errors(_ actual: [Tensor], _ expected: [Tensor]) -> [Double] {
    zip(actual, expected).map { a, e in
      ((a - e).magnitude().maximum() / e.magnitude().maximum()).scalar
    }
  }

  @Test(arguments: losses.indices, [0.3, 3.0]) func `agrees with double-precision blocks`(
    index: Int, scale: Double
  ) throws {
    let inputs = Inputs(scale: scale)
    let loss = Self.losses[index].loss
    let found = Self.errors(try inputs.results(.float32, loss), try inputs.results(.float64, loss))
    for (part, error) in zip(["value", "queries", "labels", "bias"], found) {
      #expect(error < 3e-6 * max(1, scale), "\(Self.losses[index].name), \(part)")
    }
  }

  @Test(.enabled(if: ScoreTiles.suit(.zeros([1], dtype: .bfloat16))), arguments: losses.indices)
  func `half precision rounds only gradients`(index: Int) throws {
    let inputs = Inputs(scale: 0.5).rounded(to: .bfloat16)
    let loss = Self.losses[index].loss
    let found = Self.errors(
      try inputs.results(.bfloat16, loss), try inputs.results(.float64, loss))
    // A result has eight bits; the factors of a gradient's products have as many.
    for (part, error) in zip(["value", "queries", "labels", "bias"], found) {
      #expect(error < 8e-3, "\(Self.losses[index].name), \(part)")
    }
  }

  @Test(arguments: losses.indices) func `is independent of the thread count`(index: Int) throws {
    let inputs = Inputs(scale: 1)
    let loss = Self.losses[index].loss
    func results() throws -> [Tensor] { try inputs.results(.float32, loss) }
    let alone = try Runtime.withThreads(1, results)
    for _ in 0..<3 {
      for (a, b) in zip(alone, try Runtime.withThreads(2, results)) {
        #expect(a.doubles() == b.doubles())
      }
    }
  }

  /// Every tile up to the fourth has much larger scores than the one before, which is of its block
  /// there, then much smaller ones.
  @Test(arguments: [1.0, -1.0]) func `stays exact for scores of any order and size`(sign: Double)
    throws
  {
    var inputs = Inputs(scale: 0.1)
    inputs.bias = Tensor((0..<Self.labelCount).map { sign * 80 * Double(150 - abs($0 - 200)) })
      .converted(to: .float32)
    for (name, loss) in Self.losses.prefix(3) {
      let found = Self.errors(
        try inputs.results(.float32, loss), try inputs.results(.float64, loss))
      #expect(found.allSatisfy { $0 < 1e-5 }, "\(name): \(found)")
    }
  }

  /// Sigmoids that are 0 or 1 in float32: only logarithms tell where the threshold lies.
  @Test func `finds saturated thresholds`() throws {
    let inputs = Inputs(scale: 1000)
    let loss = Self.losses[5].loss
    let found = Self.errors(try inputs.results(.float32, loss), try inputs.results(.float64, loss))
    #expect(found.allSatisfy { $0 < 1e-3 }, "\(found)")
  }
}

import Extreme
import Storage
import TestSupport
import Testing
import Torch

/// The offset of a wide model in the interface library's tiles, against the loop over blocks in
/// float64, which the wide part's own tests hold against the whole matrix.
@Suite struct WideTilesTests {
  private let temperature = 0.7

  /// Embeddings, their positive labels and the scores of a wide model.
  private struct Inputs {
    var leaves: [Tensor]
    var positives: CSRMatrix
    var wide: WideCase

    /// Some rows without positives, one with nothing else, some named twice; grades of 0 to 2.
    init(rows rowCount: Int, labels labelCount: Int) {
      let generator = Generator(seed: 31)
      leaves = [
        Tensor.normal([rowCount, 20], generator: generator),
        Tensor.normal([labelCount, 20], generator: generator),
        Tensor.normal([labelCount], generator: generator),
      ]
      let rows: [[Int]] = (0..<rowCount).map { row in
        switch row {
        case 3: []
        case 5: Array(0..<labelCount)
        default: [0, (row * 37) % labelCount, labelCount - 1, (row * 11) % 64, labelCount - 1]
        }
      }
      let plain = CSRMatrix(rows: rows, columnCount: labelCount)
      positives = CSRMatrix(
        rowOffsets: plain.rowOffsets, columns: plain.columns,
        values: MappedArray((0..<plain.entryCount).map { Float($0 % 5) / 2 }),
        columnCount: labelCount)
      wide = WideCase.random(seed: 32, documents: rowCount, features: 40, labels: labelCount)
    }

    /// The loss, and its gradients at the embeddings, the bias and the wide weights.
    func results(_ type: any LabelLoss.Type, _ temperature: Double, blockSize: Int?, _ dtype: DType)
      throws -> [Tensor]
    {
      let leaves = leaves.map { $0.converted(to: dtype).requiringGradient() }
      let offset = wide.model(dtype)(wide.matrix)
      let value = try type.init(temperature: temperature, blockSize: blockSize)(
        queries: leaves[0], labels: leaves[1], bias: leaves[2], positives: positives,
        offset: offset)
      let slopes = try gradients(of: value, withRespectTo: leaves, start: Tensor(2.0, dtype: dtype))
      let ofWeights = try #require(offset.denseGradient())
      return ([value, ofWeights] + slopes.compactMap { $0 }).map { $0.converted(to: .float64) }
    }
  }

  private func expectClose(_ found: [Tensor], _ expected: [Tensor], _ label: String) {
    #expect(found.count == 5)
    for (part, pair) in zip(
      ["value", "wide weights", "queries", "labels", "bias"], zip(found, expected))
    {
      let error = ((pair.0 - pair.1).magnitude().maximum() / pair.1.magnitude().maximum()).scalar
      #expect(error < 1e-5, "\(label), \(part)")
    }
  }

  /// Blocks of whole tiles, of parts of one, and the last not full.
  @Test(arguments: LabelLossChecks.names, [50, 64, 100, 128]) func `agrees with double precision`(
    name: String, blockSize: Int
  ) throws {
    let type = try LabelLossChecks.loss(named: name)
    let inputs = Inputs(rows: 70, labels: 300)
    expectClose(
      try inputs.results(type, temperature, blockSize: blockSize, .float32),
      try inputs.results(type, temperature, blockSize: 128, .float64),
      "\(name) in blocks of \(blockSize)")
  }

  /// More than a million scores: the offset is computed in several parts.
  @Test func `splits more than a million offsets into parts`() throws {
    let inputs = Inputs(rows: 1100, labels: 1001)
    expectClose(
      try inputs.results(BinaryCrossEntropyLoss.self, temperature, blockSize: nil, .float32),
      try inputs.results(BinaryCrossEntropyLoss.self, temperature, blockSize: nil, .float64),
      "1,100 rows")
  }

  /// Only logarithms find such thresholds: the blocks are gone through without tiles after all.
  @Test func `finds saturated thresholds`() throws {
    var inputs = Inputs(rows: 70, labels: 300)
    inputs.leaves[0] = inputs.leaves[0] * 1000
    let found = try inputs.results(SoftTopKLoss.self, temperature, blockSize: 128, .float32)
    let expected = try inputs.results(SoftTopKLoss.self, temperature, blockSize: 128, .float64)
    for (a, e) in zip(found, expected) {
      #expect(((a - e).magnitude().maximum() / e.magnitude().maximum()).scalar < 1e-3)
    }
  }
}

import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct LightHGNNLossTests {
  private struct Options: Decodable {
    let graph: GoldenHypergraph
    let knownShare: Double
    let classes: [Int]
    let known: [Int]
    let drawn: [Double]?
    let disturbed: [[Double]]
    let reliability: [Double]

    func means() throws -> SparseMatrix {
      LightHGNNLoss.means(of: try graph.hypergraph(), dtype: .float64)
    }
  }

  @Test func `distillation agrees with the equation`() throws {
    try PairLossChecks.agreesWithTheGolden(
      "LightHGNNLoss", Options.self, cases: 6, detaches: true
    ) { options in
      {
        try LightHGNNLoss(knownShare: options.knownShare)(
          student: $0[0], teacher: $0[1], classes: options.classes, known: options.known,
          reliable: try options.drawn.map { (try options.means(), Tensor($0)) })
      }
    }
  }

  @Test func `a hyperedge is reliable where noise changes its entropy least`() throws {
    let golden = try Golden<PairCase<Options>>("LightHGNNLoss")
    for found in golden.cases {
      let teacher = Tensor(rows: found.inputs[1])
      let probabilities = try LightHGNNLoss.reliability(
        of: teacher, disturbed: Tensor(rows: found.options.disturbed),
        over: found.options.means())
      expectClose(probabilities.doubles(), found.options.reliability, tolerance: 1e-9)
      let unchanged = try LightHGNNLoss.reliability(
        of: teacher, disturbed: teacher, over: found.options.means())
      #expect(unchanged.doubles() == [1, 1, 1, 1])
    }
  }

  @Test func `hyperedges are drawn with their probabilities`() {
    let probabilities = Tensor([Double](repeating: 0.25, count: 4000) + [0, 1])
    let drawn = LightHGNNLoss.draw(probabilities, generator: Generator(seed: 3)).doubles()
    #expect(drawn.suffix(2) == [0, 1])
    #expect(Set(drawn) == [0, 1])
    let share = drawn.dropLast(2).reduce(0, +) / 4000
    #expect(abs(share - 0.25) < 0.03)
  }

  @Test func `features are disturbed around themselves, zeros stay`() throws {
    let rows = CSRMatrix(
      rowOffsets: MappedArray([0, 2, 3]), columns: MappedArray([0, 2, 1]),
      values: MappedArray([1, 2, 3]), columnCount: 3)
    let sparse = NodeFeatures.sparse(SparseMatrix(rows))
    for features in [sparse, .dense(try sparse.dense())] {
      let original = try features.dense().doubles()
      func disturbed(_ noise: Double) throws -> [Double] {
        try LightHGNNLoss.disturbed(features, noise: noise, generator: Generator(seed: 5)).dense()
          .doubles()
      }
      #expect(try disturbed(0) == original)
      for (value, before) in zip(try disturbed(1), original) {
        #expect((value == before) == (before == 0))
      }
    }
    let many = NodeFeatures.dense(Tensor.full([4000, 1], 2))
    let values = try LightHGNNLoss.disturbed(many, generator: Generator(seed: 6)).dense().doubles()
    let mean = values.reduce(0, +) / 4000
    let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 4000
    #expect(abs(mean - 2) < 0.1 && abs(variance - 4) < 0.4)
  }

  @Test func `stays finite for sure teachers and students`() throws {
    let hypergraph = try Hypergraph(nodeCount: 3, hyperedges: [[0, 1], [2]])
    let teacher = Tensor(rows: [[300.0, -300], [300, -300], [-300, 300]]).converted(to: .float32)
    let student = (teacher * -1).requiringGradient()
    let loss = try LightHGNNLoss()(
      student: student, teacher: teacher,
      reliable: (LightHGNNLoss.means(of: hypergraph), .ones([2])))
    #expect(loss.scalar.isFinite && loss.scalar > 100)
    let gradient = try gradients(of: loss, withRespectTo: [student])[0]
    #expect(gradient?.isFinite().allTrue() == true)
  }

  @Test func `a share beyond 1 is refused`() async {
    await #expect(processExitsWith: .failure) { _ = LightHGNNLoss(knownShare: 1.5) }
  }
}

import TestSupport
import Testing
import Torch

/// Operators called by name.
@Suite struct OpTests {
  @Test func `mean squared difference has both gradients`() throws {
    let x = Tensor(rows: [[1.0, -2], [0.5, 4]]).requiringGradient()
    let y = Tensor(rows: [[0.0, 1], [0.5, 3]]).requiringGradient()
    let value = x.meanSquaredDifference(from: y)
    expectClose(value.scalar, (1 + 9 + 0 + 1) / 4.0)
    let slopes = try gradients(of: value, withRespectTo: [x, y])
    expectClose(slopes[0], Tensor(rows: [[0.5, -1.5], [0, 0.5]]))
    expectClose(slopes[1], Tensor(rows: [[-0.5, 1.5], [0, -0.5]]))
  }

  @Test func `accepts lists of Booleans`() throws {
    let backward = Op("aten::native_layer_norm_backward")
    let forward = Op("aten::native_layer_norm")
    let x = Tensor(rows: [[1.0, 2, 4]])
    let made = try forward.tensors(.tensor(x), .ints([3]), nil, nil, 1e-5)
    let results = try backward.results([
      .tensor(Tensor(rows: [[1.0, 0, 0]])), .tensor(x), .ints([3]), .tensor(made[1]),
      .tensor(made[2]), nil, nil, .bools([true, false, false]),
    ])
    #expect(results.count == 3)
    guard case .tensor(let gradient) = results[0], case .none = results[1] else {
      Issue.record("\(results)")
      return
    }
    // torch 2.15: layer_norm's gradient at [1, 2, 4] from [1, 0, 0], in float64.
    let leaf = x.requiringGradient()
    try (leaf.layerNormalized() * Tensor(rows: [[1.0, 0, 0]])).sum().backward()
    expectClose(gradient, leaf.gradient, tolerance: 1e-12)
  }

  @Test func `returns lists of tensors`() throws {
    let split = Op("aten::split", "Tensor")
    let parts = try split.tensors(.tensor(Tensor([1.0, 2, 3])), 2)
    #expect(parts.map { $0.doubles() } == [[1, 2], [3]])
  }

  @Test func `throws on wrong arguments`() throws {
    let add = Op("aten::add", "Tensor")
    let x = Tensor([1.0])
    #expect(throws: TorchError.self) { try add.results([]) }
    #expect(throws: TorchError.self) { try add.results([.tensor(x)]) }
    #expect(throws: TorchError.self) { try add.results([.tensor(x), .ints([1])]) }
    #expect(throws: TorchError.self) { try add.results([.tensor(x), .tensor(x), 1, 1]) }
    #expect(throws: TorchError.self) { try add.results([.tensor(x), "text"]) }
    #expect(try add.results([.tensor(x), .tensor(x)]).count == 1)
  }

  /// torch 2.15: torch.randn, torch.randint and torch.rand after manual_seed(5).
  @Test func `generators draw the numbers of PyTorch`() {
    let generator = Generator(seed: 5)
    expectClose(
      Tensor.normal([4], generator: generator, dtype: .float64),
      Tensor([
        -0.48678075071242677, -0.6038215878840039, -0.5580962308236769, 0.6675243015344896,
      ]), tolerance: 1e-15)
    #expect(
      Tensor.integers([5], in: 0..<100, generator: generator).array(of: Int.self)
        == [88, 4, 79, 50, 11])
    expectClose(
      Tensor.uniform([2], generator: generator, dtype: .float64),
      Tensor([0.27471185608768045, 0.6346208080294112]), tolerance: 1e-15)
  }
}

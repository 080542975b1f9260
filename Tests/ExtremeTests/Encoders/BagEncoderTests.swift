import Extreme
import Storage
import TestSupport
import Testing
import Torch

@Suite struct BagEncoderTests {
  private let bags = CSRMatrix(
    rowOffsets: MappedArray([0, 2, 2, 5]), columns: MappedArray([1, 3, 0, 1, 4]),
    values: MappedArray([0.5, -1, 2, 0.25, 1]), columnCount: 5)

  private func encoder(hidden: [Int] = [], normalized: Bool = false) -> BagEncoder {
    BagEncoder(
      .init(dimension: 3, hiddenDimensions: hidden, isNormalized: normalized, initialScale: 0.5),
      featureCount: 5, generator: Generator(seed: 3))
  }

  /// The formula of the doc comment, as loops.
  private func expected(_ encoder: BagEncoder) -> [[Double]] {
    let table = encoder.table.weight.detached()
    let width = table.size(along: 1)
    let rows = table.doubles()
    return (0..<bags.rowCount).map { bag in
      var h = [Double](repeating: 0, count: width)
      for entry in bags.entries(ofRow: bag) {
        for d in 0..<width {
          h[d] += Double(bags.values![entry]) * rows[Int(bags.columns[entry]) * width + d]
        }
      }
      for layer in encoder.layers {
        let weight = layer.weight.detached()
        let (outputs, inputs) = (weight.size(along: 0), weight.size(along: 1))
        let w = weight.doubles()
        let b = layer.bias!.detached().doubles()
        let active = h.map { max($0, 0) }
        h = b
        for output in 0..<outputs {
          for input in 0..<inputs { h[output] += w[output * inputs + input] * active[input] }
        }
      }
      return h
    }
  }

  @Test(arguments: [[], [4], [4, 6]])
  func `matches the formula`(hidden: [Int]) throws {
    let encoder = encoder(hidden: hidden)
    let actual = try encoder(bags)
    #expect(actual.shape == [3, 3])
    expectClose(actual.detached().doubles(), expected(encoder).flatMap { $0 }, tolerance: 1e-6)
  }

  @Test func `an empty bag is zero without hidden layers`() throws {
    #expect(try encoder()(bags)[1].detached().doubles() == [0, 0, 0])
  }

  @Test func `normalized rows keep direction at unit length`() throws {
    let encoder = encoder(normalized: true)
    let raw = try encoder(bags)
    let unit = encoder.normalized(raw)
    expectClose(unit[0].norm().scalar, 1, tolerance: 1e-6)
    expectClose(
      (unit[0] * raw[0].norm()).detached().doubles(), raw[0].detached().doubles(), tolerance: 1e-6)
    // Nothing has no direction: it stays 0, and so does its gradient.
    #expect(unit[1].detached().doubles() == [0, 0, 0])
    try unit.sum().backward()
    #expect(encoder.table.weight.gradient?.densified().isFinite().allTrue() == true)
  }

  @Test func `the table gradient covers only occurring rows`() throws {
    let encoder = encoder()
    let start = Tensor(rows: [[1, 2, 3], [4, 5, 6], [7, 8, 9]] as [[Float]])
    try encoder(bags).backward(start)
    let gradient = encoder.table.weight.gradient!
    #expect(gradient.isSparse)
    let rows: [[Double]] = [
      [14, 16, 18],
      [0.5 + 1.75, 1 + 2, 1.5 + 2.25],
      [0, 0, 0],
      [-1, -2, -3],
      [7, 8, 9],
    ]
    expectClose(gradient.densified().doubles(), rows.flatMap { $0 }, tolerance: 1e-6)
  }

  @Test(arguments: [[], [4], [4, 6]], [false, true])
  func `a truncated encoder gives the first numbers`(hidden: [Int], normalized: Bool) throws {
    let encoder = encoder(hidden: hidden, normalized: normalized)
    let short = encoder.truncated(to: 2)
    #expect(short.configuration.dimension == 2)
    let whole = try encoder(bags).detached()
    let part = try short(bags).detached()
    #expect(part.isIdentical(to: whole.slice(0..<2, along: 1).contiguous()))
    // The length is that of the part.
    let unit = short.normalized(part)[0].squared().sum().scalar
    expectClose(unit, normalized ? 1 : part[0].squared().sum().scalar, tolerance: 1e-6)
    #expect(
      encoder.truncated(to: 3).layers.map(\.weight.shape) == encoder.layers.map(\.weight.shape))
  }

  @Test(arguments: [0, 4]) func `refuses to truncate to other lengths`(length: Int) async {
    await #expect(processExitsWith: .failure) { [length] in
      _ = BagEncoder(.init(dimension: 3), featureCount: 1, generator: Generator(seed: 1))
        .truncated(to: length)
    }
  }

  @Test func `equal seeds give equal weights`() {
    let first = encoder(hidden: [4]).parameters
    let second = encoder(hidden: [4]).parameters
    #expect(first.map(\.name) == second.map(\.name))
    for (a, b) in zip(first, second) { #expect(a.tensor.isIdentical(to: b.tensor)) }
    #expect(
      first.map(\.name) == [
        "table.weight", "layers.0.weight", "layers.0.bias",
      ])
  }

  @Test func `the initial scale is the table deviation`() {
    let wide = BagEncoder(
      .init(dimension: 100, initialScale: 0.3), featureCount: 2000, generator: Generator(seed: 1))
    let deviation = wide.table.weight.detached().reshaped([-1]).variance(along: 0).squareRoot()
    expectClose(deviation.scalar, 0.3, tolerance: 0.01)
  }
}

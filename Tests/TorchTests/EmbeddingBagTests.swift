import Storage
import TestSupport
import Testing
import Torch

@Suite struct EmbeddingBagTests {
  /// Bags with repeated columns, an empty bag in the middle and one at the end.
  private func bags(weighted: Bool, columnCount: Int = 200) -> CSRMatrix {
    let rows = [[3, 199, 3], [], [0, 64, 63, 128, 199], [64], []]
    var random = SplitMix64(3)
    let count = rows.joined().count
    let plain = CSRMatrix(rows: rows, columnCount: columnCount)
    return CSRMatrix(
      rowOffsets: plain.rowOffsets, columns: plain.columns,
      values: weighted ? MappedArray(random.doubles(count).map { Float($0) }) : nil,
      columnCount: columnCount)
  }

  private func table(_ dtype: DType = .float64) -> Tensor {
    .normal([200, 5], generator: Generator(seed: 1), dtype: dtype)
  }

  /// The definition, as loops over one weight an entry.
  private func loops(
    _ table: Tensor, _ bags: CSRMatrix, _ mode: EmbeddingBag.Mode, upstream: Tensor
  ) -> (output: [Double], gradient: [Double]) {
    let (weight, factors) = (table.doubles(), upstream.doubles())
    var output = [Double](repeating: 0, count: bags.rowCount * 5)
    var gradient = [Double](repeating: 0, count: weight.count)
    for bag in 0..<bags.rowCount {
      let entries = bags.entries(ofRow: bag)
      for entry in entries {
        var share = Double(bags.values?[entry] ?? 1)
        if mode == .mean { share /= Double(entries.count) }
        for d in 0..<5 {
          let at = Int(bags.columns[entry]) * 5 + d
          output[bag * 5 + d] += share * weight[at]
          gradient[at] += share * factors[bag * 5 + d]
        }
      }
    }
    return (output, gradient)
  }

  @Test(
    arguments: [EmbeddingBag.GradientForm.dense, .sparse], [EmbeddingBag.Mode.sum, .mean])
  func `matches the definition`(
    form: EmbeddingBag.GradientForm, mode: EmbeddingBag.Mode
  ) throws {
    for weighted in [false, true] {
      let bags = bags(weighted: weighted)
      let layer = EmbeddingBag(weight: table(), mode: mode, gradient: form)
      let upstream = Tensor.normal([5, 5], generator: Generator(seed: 2), dtype: .float64)
      let output = try layer(bags)
      let expected = loops(layer.weight, bags, mode, upstream: upstream)
      // The shares of a mean are single precision.
      let tolerance = mode == .mean ? 1e-7 : 1e-12
      expectClose(output.doubles(), expected.output, tolerance: tolerance, "output")
      try output.backward(upstream)
      let gradient = try #require(layer.weight.gradient)
      #expect(gradient.isSparse == (form == .sparse))
      expectClose(
        gradient.densified().doubles(), expected.gradient, tolerance: tolerance, "gradient")
    }
  }

  @Test func `single precision agrees with double precision`() throws {
    let bags = bags(weighted: true)
    for form in [EmbeddingBag.GradientForm.dense, .sparse] {
      let layer = EmbeddingBag(weight: table(.float32), gradient: form)
      let upstream = Tensor.normal([5, 5], generator: Generator(seed: 2))
      let output = try layer(bags)
      let expected = loops(layer.weight, bags, .sum, upstream: upstream)
      expectClose(output.doubles(), expected.output, tolerance: 1e-6)
      try output.backward(upstream)
      let gradient = layer.weight.gradient?.densified().doubles() ?? []
      expectClose(gradient, expected.gradient, tolerance: 1e-6)
    }
  }

  @Test func `the sparse gradient holds touched rows once, in order`() throws {
    let layer = EmbeddingBag(weight: table(.float32), gradient: .sparse)
    try layer(bags(weighted: true)).sum().backward()
    let gradient = try #require(layer.weight.gradient)
    #expect(gradient.shape == [200, 5])
    #expect(gradient.storedRows().rows.array(of: Int64.self) == [0, 3, 63, 64, 128, 199])
    // Not summed up anew: both looks see the same memory.
    let first = gradient.storedRows().values
    #expect(
      first.withUnsafeBytes(\.baseAddress)
        == gradient.storedRows().values.withUnsafeBytes(\.baseAddress))
    #expect(first.shape == [6, 5])
  }

  @Test func `sparse gradients of two passes add up`() throws {
    let dense = EmbeddingBag(weight: table(), gradient: .dense)
    let sparse = EmbeddingBag(weight: table(), gradient: .sparse)
    let other = CSRMatrix(rows: [[1, 199], [3]], columnCount: 200)
    for layer in [dense, sparse] {
      try layer(bags(weighted: true)).sum().backward()
      try layer(other).squared().sum().backward()
    }
    let sum = try #require(sparse.weight.gradient)
    #expect(sum.storedRows().rows.array(of: Int64.self) == [0, 1, 3, 63, 64, 128, 199])
    expectClose(sum.densified(), dense.weight.gradient, tolerance: 1e-12)
  }

  @Test(arguments: [EmbeddingBag.GradientForm.dense, .sparse])
  func `a gradient reaches the entry weights`(form: EmbeddingBag.GradientForm) throws {
    let layer = EmbeddingBag(weight: table(), gradient: form)
    let bags = bags(weighted: false)
    let weights = Tensor.normal([9], generator: Generator(seed: 4), dtype: .float64)
      .requiringGradient()
    let upstream = Tensor.normal([5, 5], generator: Generator(seed: 2), dtype: .float64)
    try layer(bags, weights: weights).backward(upstream)
    let (rows, factors) = (layer.weight.doubles(), upstream.doubles())
    var expected: [Double] = []
    for bag in 0..<bags.rowCount {
      for column in bags.columns(ofRow: bag) {
        expected.append(
          (0..<5).reduce(0) { $0 + rows[Int(column) * 5 + $1] * factors[bag * 5 + $1] })
      }
    }
    expectClose(weights.gradient?.doubles() ?? [], expected, tolerance: 1e-12)
    let table = try #require(layer.weight.gradient).densified()
    let dense = EmbeddingBag(weight: self.table())
    try dense(bags, weights: weights.detached()).backward(upstream)
    expectClose(table, dense.weight.gradient, tolerance: 1e-12)
  }

  @Test(arguments: [EmbeddingBag.GradientForm.dense, .sparse])
  func `empty bags give zeros`(form: EmbeddingBag.GradientForm) throws {
    let layer = EmbeddingBag(weight: table(.float32), gradient: form)
    let output = try layer(CSRMatrix(rows: [[], []], columnCount: 200))
    #expect(output.doubles() == [Double](repeating: 0, count: 10))
    try output.sum().backward()
    let gradient = try #require(layer.weight.gradient).densified()
    #expect(gradient.magnitude().sum().scalar == 0)
  }

  @Test func `bags may have fewer columns than the table`() throws {
    let layer = EmbeddingBag(weight: table(.float32), gradient: .sparse)
    try layer(CSRMatrix(rows: [[2], [7, 2]], columnCount: 10)).sum().backward()
    #expect(layer.weight.gradient?.shape == [200, 5])
  }

  @Test func `traps on a column outside the table`() async {
    await #expect(processExitsWith: .failure) {
      let layer = EmbeddingBag(weight: .zeros([4, 2]), gradient: .sparse)
      _ = try layer(CSRMatrix(rows: [[4]], columnCount: 5))
    }
  }
}

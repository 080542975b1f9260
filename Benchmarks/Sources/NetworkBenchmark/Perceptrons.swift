import Torch

/// Training steps of a perceptron with one hidden layer: cross entropy, fused AdamW.
func measurePerceptrons() throws {
  measureAddition()
  for (inputs, hidden, batch, count) in [(784, 256, 128, 300), (64, 64, 16, 3000)] {
    let generator = Generator(seed: 1)
    let first = Linear(from: inputs, to: hidden, generator: generator)
    let second = Linear(from: hidden, to: 10, generator: generator)
    let optimizer = AdamW((first.parameters + second.parameters).map(\.tensor))
    let x = Tensor.normal([batch, inputs], generator: generator)
    let y = Tensor.integers([batch], in: 0..<10, generator: generator)
    report(
      "mlp-\(inputs)-\(hidden)-10-batch-\(batch)",
      try microseconds(warmup: count / 5, count: count) {
        optimizer.clearGradients()
        let loss = second(first(x).relu()).crossEntropy(ofClasses: y)
        try loss.backward()
        try optimizer.step()
      })
    report(
      "mlp-\(inputs)-\(hidden)-10-batch-\(batch)-products",
      withoutGradients { measureProducts(inputs, hidden, batch, count) })
  }
}

/// The five matrix products of such a step alone: two forward, three backward, since the inputs need
/// no gradient.
private func measureProducts(_ inputs: Int, _ hidden: Int, _ batch: Int, _ count: Int) -> Double {
  let generator = Generator(seed: 1)
  func matrix(_ rows: Int, _ columns: Int) -> Tensor {
    Tensor.normal([rows, columns], generator: generator)
  }
  let (x, h, g) = (matrix(batch, inputs), matrix(batch, hidden), matrix(batch, 10))
  let (first, second) = (matrix(hidden, inputs), matrix(10, hidden))
  return microseconds(warmup: count / 5, count: count) {
    _ = x.productWithTransposed(first)
    _ = h.productWithTransposed(second)
    _ = g.transposed().matmul(h)
    _ = g.matmul(second)
    _ = h.transposed().matmul(x)
  }
}

/// The overhead of a call with hardly anything to compute.
private func measureAddition() {
  let a = Tensor.ones([16])
  let b = Tensor.ones([16])
  report(
    "add-16",
    microseconds(warmup: 1000, count: 100_000) { _ = a + b })
}

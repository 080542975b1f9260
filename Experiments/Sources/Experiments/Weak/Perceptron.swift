import Storage
import Torch

/// A network of one hidden layer, trained on batches.
struct Perceptron {
  let hidden: Linear
  let output: Linear

  init(inputs: Int, hidden width: Int, outputs: Int, seed: UInt64) {
    let generator = Generator(seed: seed)
    hidden = Linear(from: inputs, to: width, generator: generator)
    output = Linear(from: width, to: outputs, generator: generator)
  }

  /// The hidden layer's values `[N, H]`.
  func embedded(_ inputs: Tensor) -> Tensor { hidden(inputs).relu() }

  func callAsFunction(_ inputs: Tensor) -> Tensor { output(embedded(inputs)) }

  /// Minimizes the loss of batches, each a list of rows, in shuffled order.
  func learn(
    _ batches: [[Int]], epochs: Int, rate: Double, weightDecay: Double = 1e-4,
    using random: inout SplitMix64,
    loss: ([Int], inout SplitMix64) throws -> Tensor
  ) throws {
    let optimizer = AdamW(
      (hidden.parameters + output.parameters).map(\.tensor),
      .init(learningRate: rate, weightDecay: weightDecay))
    for _ in 0..<epochs {
      for batch in batches.shuffled(using: &random) {
        optimizer.clearGradients()
        try loss(batch, &random).backward()
        try optimizer.step()
      }
    }
  }

  /// The class with the largest output of each row.
  func classes(_ inputs: Tensor) -> [Int] {
    withoutGradients { self(inputs).argmax(along: 1).array(of: Int64.self).map { Int($0) } }
  }
}

/// The share of equal entries, in percent.
func agreement(_ found: [Int], _ expected: [Int]) -> Double {
  Double(zip(found, expected).count { $0 == $1 }) / Double(max(1, found.count)) * 100
}

/// Lists of `size` rows, in order; the last one may be shorter.
func batches(of rows: [Int], size: Int) -> [[Int]] {
  stride(from: 0, to: rows.count, by: size).map { Array(rows[$0..<min(rows.count, $0 + size)]) }
}

import Learning
import Torch

/// A small convolutional network with a head that batch normalisation goes through, as the papers of
/// contrastive learning have it.
///
/// The head is what a loss sees; embeddings are taken before it.
final class InstanceNetwork: Layer {
  let encoder: PictureEncoder
  let head: ProjectionHead

  /// Random weights that the seed names.
  ///
  /// - Parameters:
  ///   - hidden: the width of the head between its maps.
  ///   - outputs: the length of a projection.
  ///   - layers: the number of the head's maps.
  ///   - output: what follows the last one.
  init(
    seed: UInt64, hidden: Int = 128, outputs: Int = 64, layers: Int = 2,
    output: ProjectionHead.Output = .plain
  ) {
    encoder = PictureEncoder(seed: seed, channels: [16, 32, 64])
    head = ProjectionHead(
      .init(inputs: 64, hidden: hidden, outputs: outputs, layers: layers, output: output),
      generator: Generator(seed: seed &+ 1000))
  }

  var parameters: [(name: String, tensor: Tensor)] {
    encoder.parameters(under: "encoder").filter { !$0.name.contains("projection") }
      + head.parameters(under: "head")
  }

  /// What the loss sees of pictures `[N, 1, 28, 28]`.
  func callAsFunction(_ pictures: Tensor) -> Tensor { head(encoder.embedded(pictures).relu()) }
}

/// Training on pictures without their classes, each of which is seen in two views.
struct InstanceTraining {
  /// How many pictures are seen, repetitions counted.
  var samples: Int
  var batch: Int
  /// The step of AdamW for batches of 64.
  ///
  /// Others have it times √(batch / 64). It rises over a twentieth of the training and falls along
  /// half a cosine.
  var rate: Double

  static let sources = [
    "Experiments/Sources/Experiments/Pictures/InstanceNetwork.swift",
    "Sources/Learning/Encoders/ProjectionHead.swift",
  ]

  /// Trains.
  ///
  /// - Parameters:
  ///   - parameters: what learns.
  ///   - steady: what learns at the full rate until the end, such as a predictor.
  ///   - view: a view of each of the pictures.
  ///   - after: what follows a step, of the number of them.
  ///   - loss: of the pictures of the first views and of the second ones, `[batch, 1, 28, 28]`.
  func callAsFunction(
    on pictures: Tensor, seed: UInt64, parameters: [Tensor], steady: [Tensor] = [],
    view: (Tensor, inout SplitMix64) -> Tensor, after: (Int, Int) throws -> Void = { _, _ in },
    loss: (Tensor, Tensor) throws -> Tensor
  ) throws {
    let rate = rate * (Double(batch) / 64).squareRoot()
    let optimizer = AdamW(parameters, .init(learningRate: rate))
    let steadyOptimizer = AdamW(steady, .init(learningRate: rate))
    let steps = max(1, samples / batch)
    let schedule = CosineSchedule(warmupSteps: steps / 20)
    var random = SplitMix64(seed, 1)
    var order: [Int] = []
    for step in 0..<steps {
      optimizer.learningRate = schedule.learningRate(rate, step: step, of: steps)
      if order.count < batch {
        order = (0..<pictures.size(along: 0)).shuffled(using: &random)
      }
      let rows = pictures.gathered(rows: Tensor(Array(order.suffix(batch))))
      order.removeLast(batch)
      let value = try loss(view(rows, &random), view(rows, &random))
      optimizer.clearGradients()
      if !steady.isEmpty { steadyOptimizer.clearGradients() }
      try value.backward()
      try optimizer.step()
      if !steady.isEmpty { try steadyOptimizer.step() }
      try after(step, steps)
    }
  }
}

extension Characters {
  /// A network that has learned to tell the characters' pictures from each other.
  ///
  /// - Parameters:
  ///   - network: with random weights.
  ///   - loss: of the projections of both views, `[batch, P]`.
  func learned(
    _ network: InstanceNetwork, seed: UInt64, _ training: InstanceTraining,
    loss: (Tensor, Tensor) throws -> Tensor
  ) throws -> PictureEncoder {
    try training(
      on: pictures, seed: seed, parameters: network.parameters.map(\.tensor), view: view
    ) { first, second in
      let outputs = network(.concatenated([first, second]))
      let count = first.size(along: 0)
      return try loss(outputs[0..<count], outputs[count..<(2 * count)])
    }
    return network.encoder
  }

  /// A view: slightly turned, scaled and moved.
  func view(_ pictures: Tensor, using random: inout SplitMix64) -> Tensor {
    PictureViews(turn: 0.2, scale: 0.85...1.15, contrast: 0.9...1.1)(pictures, using: &random)
  }
}

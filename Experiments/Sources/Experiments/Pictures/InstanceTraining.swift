import Storage
import Torch

/// Trains on images without classes, each seen in two views.
struct InstanceTraining: Dependent {
  /// The number of images seen, counting repetitions.
  var samples: Int
  var batch: Int
  /// The learning rate of AdamW for batches of 64.
  ///
  /// It scales with √(batch / 64), with a linear warm-up over a twentieth of training and half a
  /// cosine of decay.
  var rate: Double

  static var uses: [Any.Type] { [InstanceNetwork.self] }

  /// Trains.
  ///
  /// - Parameters:
  ///   - parameters: the parameters to train.
  ///   - steady: parameters trained at the full rate until the end, such as a predictor.
  ///   - view: returns a view of each image.
  ///   - after: called after each step with the number of steps.
  ///   - loss: a loss of the first and second views, `[batch, 1, 28, 28]`.
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
  /// A network trained to distinguish the characters' images from each other.
  ///
  /// - Parameters:
  ///   - network: the network with random weights.
  ///   - loss: a loss of the projections of both views, `[batch, P]`.
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

  /// A view: slightly rotated, scaled and shifted.
  func view(_ pictures: Tensor, using random: inout SplitMix64) -> Tensor {
    PictureViews(turn: 0.2, scale: 0.85...1.15, contrast: 0.9...1.1)(pictures, using: &random)
  }
}

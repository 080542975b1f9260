import Evaluation
import Storage
import Torch

/// Images of classes: some for training, and others for evaluation.
protocol PictureData {
  /// `[N, C, H, W]`, in 0 … 1.
  var pictures: Tensor { get }
  var classes: [Int] { get }
  var testPictures: Tensor { get }
  var testClasses: [Int] { get }

  /// A random view of each of `[N, C, H, W]`.
  func view(_ pictures: Tensor, using random: inout SplitMix64) -> Tensor
}

extension PictureData {
  /// The types that determine results on images, in addition to the data's own.
  static var usesOfPictures: [Any.Type] {
    [
      (any PictureData).self, PictureEncoder.self, LinearProbe.self, NearestNeighbourProbe.self,
    ]
  }

  /// Trains a network without classes.
  ///
  /// - Parameters:
  ///   - samples: the number of images seen, counting repetitions.
  ///   - masks: the parts of an image that each view keeps; all by default.
  ///   - channels: the channels of the network's convolutions.
  ///   - loss: a loss of the views' projections, each `[batch, P]`.
  func encoder(
    seed: UInt64, samples: Int, batch: Int, views: Int = 2, masks: [Tensor]? = nil,
    learningRate: Double = 1e-3, channels: [Int] = [8, 16, 32],
    loss: ([Tensor]) throws -> Tensor
  ) throws -> PictureEncoder {
    let encoder = PictureEncoder(seed: seed, inputs: pictures.size(along: 1), channels: channels)
    let optimizer = AdamW(encoder.parameters.map(\.tensor), .init(learningRate: learningRate))
    var random = SplitMix64(seed, 1)
    var order: [Int] = []
    for _ in 0..<max(1, samples / batch) {
      if order.count < batch { order = classes.indices.shuffled(using: &random) }
      let rows = pictures.gathered(rows: Tensor(Array(order.suffix(batch))))
      order.removeLast(batch)
      let seen = (0..<views).map { view in
        self.view(masks.map { rows * $0[view] } ?? rows, using: &random)
      }
      let outputs = encoder.projected(encoder.embedded(.concatenated(seen)))
      let value = try loss((0..<views).map { outputs[($0 * batch)..<(($0 + 1) * batch)] })
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return encoder
  }

  /// The accuracy of nearest neighbours and of a linear probe on the embeddings, in percent.
  func accuracies(of encoder: PictureEncoder) throws -> [Double] {
    let train = encoder.embeddedAll(pictures)
    let test = encoder.embeddedAll(testPictures)
    let near = try NearestNeighbourProbe().fitted(to: train, classes: classes)
    // Few examples suffice for a linear probe; unit length makes the penalty comparable between
    // arms.
    let few = 0..<min(1_000, classes.count)
    let line = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
      .fitted(to: train[few].normalized(), classes: Array(classes[few]))
    return [
      try near.accuracy(on: test, classes: testClasses) * 100,
      try line.accuracy(on: test.normalized(), classes: testClasses) * 100,
    ]
  }
}

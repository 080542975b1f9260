public import Torch

/// Rotates images by multiples of 90°; a classifier predicts the rotation from the image alone.
///
/// A pretext task for learning the upright appearance of things:
///
///     y = x rotated by k · 90° counterclockwise     k drawn from 0 … 3, the class
///
/// With `PretextHead` on the embeddings of y it regularises a contrastive loss.
///
/// - Paper: Gidaris, Singh, Komodakis. Unsupervised Representation Learning by Predicting Image
///   Rotations. ICLR 2018, section 2. <https://arxiv.org/abs/1803.07728>. Combined with a
///   contrastive loss: Kinakh, Taran, Voloshynovskiy. ScatSimCLR. ICCV Workshops 2021, section 3.
///   <https://arxiv.org/abs/2108.13939>
/// - Gradient: reaches the images.
/// - Units: none.
/// - Departures: one rotation per image and step, as in ScatSimCLR's code; the first paper shows
///   all four at once.
public struct QuarterTurns: Codable, Hashable, Sendable {
  /// Creates a task; it has no hyperparameters.
  public init() {}

  /// The number of classes.
  public static let classCount = 4

  /// Rotated images and their rotations.
  ///
  /// - Parameters:
  ///   - batch: `[N, C, H, W]` with H = W.
  ///   - generator: a CPU generator.
  /// - Returns: images `[N, C, H, W]` and classes `[N]` int64.
  /// - Precondition: images are square.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> (
    pictures: Tensor, classes: Tensor
  ) {
    precondition(
      batch.dimensionCount == 4 && batch.shape[2] == batch.shape[3],
      "\(batch.shape), expected square pictures [N, C, H, H]")
    let classes = Tensor.integers(
      [batch.size(along: 0)], in: 0..<Self.classCount, generator: generator
    ).moved(to: batch.device)
    var pictures = batch
    for turn in 1..<Self.classCount {
      let hit = classes.isEqual(to: Double(turn)).reshaped([-1, 1, 1, 1])
      pictures = pictures.replacing(
        where: hit, with: Ops.turn(.tensor(batch), .int(turn), .ints([2, 3])))
    }
    return (pictures, classes)
  }

  private enum Ops {
    static let turn = Op("aten::rot90")
  }
}

public import Torch

/// Turns pictures by quarters; which quarter is to be told from the picture alone.
///
/// A pretext for learning what things look like upright:
///
///     y = x turned by k · 90°, against the clock     k drawn from 0 … 3, the class
///
/// With `PretextHead` on the embeddings of y it regularises a contrastive loss.
///
/// - Paper: Gidaris, Singh, Komodakis. Unsupervised Representation Learning by Predicting Image
///   Rotations. ICLR 2018, section 2. <https://arxiv.org/abs/1803.07728>. Beside a contrastive loss:
///   Kinakh, Taran, Voloshynovskiy. ScatSimCLR. ICCV Workshops 2021, section 3.
///   <https://arxiv.org/abs/2108.13939>
/// - Gradient: reaches the pictures.
/// - Units: none.
/// - Departures: one turn a picture and step, as in ScatSimCLR's code; the first paper shows all
///   four at once.
public struct QuarterTurns: Codable, Hashable, Sendable {
  /// There is nothing to choose.
  public init() {}

  /// The number of classes.
  public static let classCount = 4

  /// Turned pictures and their turns.
  ///
  /// - Parameters:
  ///   - batch: `[N, C, H, W]` with H = W.
  ///   - generator: a generator of the CPU.
  /// - Returns: pictures `[N, C, H, W]` and classes `[N]` int64.
  /// - Precondition: pictures are square.
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

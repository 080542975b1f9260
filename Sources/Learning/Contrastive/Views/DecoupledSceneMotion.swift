public import Torch

/// Creates clips with the same motion in a distorted scene, and clips with the same scene in a
/// distorted motion.
///
/// A video encoder that looks only at the scene cannot tell a clip from its motion-broken copy. A
/// scene is broken by warping all frames alike around 1 … W points; with c the point, s the pull
/// and p a pixel:
///
///     y(p) = x(p − s · ½ / (3 (‖p − c − s‖ / ‖s‖)⁴ + 1))
///
/// A motion is broken by inserting frames at wrong positions (frames beyond the end are lost) and
/// by swapping frames, twice ⌈·⌉ of a share of the frames each. The loss is a triplet loss with the
/// motion-broken copies of the clip itself and of another one, z′ᵢ = z_{N+1−i}:
///
///     L = (1 / N) Σᵢ max(0, ‖qᵢ − kᵢ‖ − ‖qᵢ − zᵢ‖ + m) + max(0, ‖qᵢ − kᵢ‖ − ‖qᵢ − z′ᵢ‖ + m)
///
/// - Paper: Wang, Gao, Li, Hu, Jiang, Guo, Ji, Sun. Enhancing Unsupervised Video Representation
///   Learning by Decoupling the Scene and the Motion. AAAI 2021.
///   <https://arxiv.org/abs/2009.05757>
/// - Gradient: reaches anchors, positives and negatives; through a view, the clips.
/// - Units: distances between embeddings, averaged over clips.
/// - Departures: follows the authors' code, because the paper's section was not available. There a
///   pull acts only within a window and moves whole pixels, here everywhere and with interpolation;
///   there all clips of a batch are broken alike, here each in its own way. There frames are moved
///   in place, so that an insertion repeats one frame to the end and a swap copies. Their training
///   code prepares motion breaking but does not call it: its negatives are other segments of the
///   same video; here they follow the paper's abstract. Their training with a momentum encoder and
///   a queue is a separate method.
public struct DecoupledSceneMotion: Codable, Hashable, Sendable {
  /// The maximum number W of points; default 3, from the authors' code.
  public var largestPullCount: Int
  /// The share of frames to insert and to swap per round; default 0.1, from the authors' code.
  public var frameShare: Double
  /// The margin m of the triplet loss; default 0.5, from the authors' code.
  public var margin: Double

  /// Creates a method.
  public init(largestPullCount: Int = 3, frameShare: Double = 0.1, margin: Double = 0.5) {
    self.largestPullCount = largestPullCount
    self.frameShare = frameShare
    self.margin = margin
  }

  /// Clips with the same motion in a distorted scene.
  ///
  /// - Parameters:
  ///   - clips: `[N, C, T, H, W]`.
  ///   - generator: a CPU generator.
  /// - Returns: `[N, C, T, H, W]`.
  /// - Precondition: W ≥ 1.
  public func sceneBroken(_ clips: Tensor, generator: Generator) -> Tensor {
    let shape = clips.shape
    precondition(shape.count == 5 && largestPullCount >= 1, "\(shape), \(largestPullCount) pulls")
    let (count, height, width) = (shape[0], shape[3], shape[4])
    let numbers = Tensor.integers([count], in: 1..<(largestPullCount + 1), generator: generator)
      .array(of: Int64.self)
    let draws = Tensor.uniform(
      [count, largestPullCount, 4], generator: generator, dtype: .float64
    ).doubles()
    var grid: [Double] = []
    grid.reserveCapacity(count * height * width * 2)
    for clip in 0..<count {
      let pulls = (0..<Int(numbers[clip])).map { place in
        let start = 4 * (clip * largestPullCount + place)
        return ScenePull(Array(draws[start..<(start + 4)]), height: height, width: width)
      }
      for row in 0..<height {
        for column in 0..<width {
          // Pulls compose: the last one is applied to the result of the earlier ones.
          let source = pulls.reversed().reduce((y: Double(row), x: Double(column))) {
            $1.source(of: $0)
          }
          grid.append((2 * source.x + 1) / Double(width) - 1)
          grid.append((2 * source.y + 1) / Double(height) - 1)
        }
      }
    }
    let places = Tensor(grid, shape: [count, height, width, 2]).converted(to: clips.dtype)
      .moved(to: clips.device)
    // Bilinear; outside pixels repeat the border; −1 and 1 are the outer edges of a frame.
    return Ops.sample(
      .tensor(clips.reshaped([count, -1, height, width])), .tensor(places), 0, 1, false
    ).reshaped(shape)
  }

  /// Clips with the same scene in a distorted motion.
  ///
  /// - Parameters:
  ///   - clips: `[N, C, T, H, W]`.
  ///   - generator: a CPU generator.
  /// - Returns: `[N, C, T, H, W]`, frames of the same clips.
  /// - Precondition: the share is in 0 … 1.
  public func motionBroken(_ clips: Tensor, generator: Generator) -> Tensor {
    let shape = clips.shape
    precondition(shape.count == 5 && frameShare >= 0 && frameShare <= 1, "\(shape), \(frameShare)")
    let (count, length) = (shape[0], shape[2])
    let changes = 2 * max(1, Int(frameShare * Double(length)))
    let draws = Tensor.integers([count, 2, changes, 2], in: 0..<length, generator: generator)
      .array(of: Int64.self).map(Int.init)
    var order: [Int] = []
    for clip in 0..<count {
      var frames = Array(0..<length)
      for change in 0..<changes {
        let start = 2 * (2 * clip * changes + change)
        frames.insert(frames[draws[start + 1]], at: draws[start])
        frames.removeLast()
      }
      for change in 0..<changes {
        let start = 2 * ((2 * clip + 1) * changes + change)
        frames.swapAt(draws[start], draws[start + 1])
      }
      order += frames
    }
    let indices = Tensor(order, shape: [count, 1, length, 1, 1]).moved(to: clips.device)
    return clips.gathered(at: indices.expanded(to: shape), along: 2)
  }

  /// The loss of clips with their scene-broken and motion-broken copies.
  ///
  /// - Parameters:
  ///   - anchors: embeddings `[N, D]`, q.
  ///   - positives: embeddings `[N, D]`, k.
  ///   - negatives: embeddings `[N, D]`, z.
  /// - Returns: a scalar.
  /// - Precondition: the shapes are equal; there is at least one clip.
  public func callAsFunction(anchors: Tensor, positives: Tensor, negatives: Tensor) -> Tensor {
    precondition(
      anchors.shape == positives.shape && anchors.shape == negatives.shape && anchors.shape[0] > 0,
      "\(anchors.shape), \(positives.shape), \(negatives.shape)")
    // As in PyTorch; without it the gradient of a zero distance is undefined.
    func distances(_ others: Tensor) -> Tensor { (anchors - others + 1e-6).norm(along: 1) }
    let near = distances(positives)
    let turned = Ops.flip(.tensor(negatives), .ints([0]))
    return [negatives, turned].map { (near - distances($0) + margin).relu().mean() }
      .reduce(Tensor(0, dtype: anchors.dtype).moved(to: anchors.device), +)
  }

  private enum Ops {
    static let sample = Op("aten::grid_sampler")
    static let flip = Op("aten::flip")
  }
}

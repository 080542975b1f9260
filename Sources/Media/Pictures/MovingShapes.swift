import Foundation
import Storage
public import Torch

/// Generates small clips of a square that moves before a scene; the motion is one class, the scene
/// another.
///
/// The scene fills the picture and the square is small, so that an encoder tends to see only the
/// scene. With `coupling` 1 the scene determines the motion, with 0 both are independent: a model
/// trained on the former is tested on the latter.
public struct MovingShapes: Codable, Hashable, Sendable {
  /// The number of frames, T.
  public var frames: Int
  /// The side of a frame in pixels, H = W.
  public var side: Int
  /// The number of scenes.
  public var scenes: Int
  /// The number of motions: directions, evenly spaced around the circle.
  public var motions: Int
  /// The probability that a clip's motion is that of its scene.
  public var coupling: Double
  /// The distance that the square moves from frame to frame, in pixels.
  public var speed: Double
  /// Determines the scenes and the clips.
  public var seed: UInt64

  /// Creates a generator with sizes and numbers of classes.
  public init(
    frames: Int = 8, side: Int = 24, scenes: Int = 8, motions: Int = 8, coupling: Double = 0,
    speed: Double = 1.5, seed: UInt64 = 0
  ) {
    self.frames = frames
    self.side = side
    self.scenes = scenes
    self.motions = motions
    self.coupling = coupling
    self.speed = speed
    self.seed = seed
  }

  /// Clips with their classes.
  public struct Clips: Sendable {
    /// Float32 `[N, 1, T, H, W]` in 0 … 1.
    public var pixels: Tensor
    /// The direction of each square.
    public var motions: [Int]
    /// The scene in the background.
    public var scenes: [Int]
  }

  /// The clips of `range`; clip n does not depend on the range.
  ///
  /// - Precondition: the sizes and numbers of classes are at least 1, the coupling is in 0 … 1.
  public func clips(_ range: Range<Int>) -> Clips {
    precondition(
      frames >= 1 && side >= 1 && scenes >= 1 && motions >= 1 && coupling >= 0 && coupling <= 1,
      "\(self)")
    let backgrounds = (0..<scenes).map(background)
    var pixels: [Float] = []
    pixels.reserveCapacity(range.count * frames * side * side)
    var result = Clips(pixels: .zeros([0]), motions: [], scenes: [])
    for clip in range {
      var random = SplitMix64(seed, 1, UInt64(clip))
      let scene = Self.below(scenes, &random)
      let isCoupled = Self.share(&random) < coupling
      let other = Self.below(motions, &random)
      let motion = isCoupled ? scene % motions : other
      let angle = 2 * .pi * Double(motion) / Double(motions)
      let (startX, startY) = (
        Self.share(&random) * Double(side), Self.share(&random) * Double(side)
      )
      for frame in 0..<frames {
        var picture = backgrounds[scene]
        // The square wraps around at the edges.
        let x = Int((startX + speed * Double(frame) * cos(angle)).rounded())
        let y = Int((startY + speed * Double(frame) * sin(angle)).rounded())
        for row in 0..<max(side / 6, 1) {
          for column in 0..<max(side / 6, 1) {
            picture[Self.wrapped(y + row, side) * side + Self.wrapped(x + column, side)] = 1
          }
        }
        pixels += picture
      }
      result.motions.append(motion)
      result.scenes.append(scene)
    }
    result.pixels = Tensor(pixels, shape: [range.count, 1, frames, side, side])
    return result
  }

  /// Random blocks of a quarter of the side, darker than the square.
  private func background(_ scene: Int) -> [Float] {
    var random = SplitMix64(seed, 0, UInt64(scene))
    let fields = (0..<16).map { _ in Float(0.8 * Self.share(&random)) }
    return (0..<(side * side)).map { place in
      fields[place / side * 4 / side * 4 + place % side * 4 / side]
    }
  }

  private static func share(_ random: inout SplitMix64) -> Double {
    Double(random.next() >> 11) * 0x1p-53
  }

  private static func below(_ bound: Int, _ random: inout SplitMix64) -> Int {
    Int(share(&random) * Double(bound))
  }

  private static func wrapped(_ place: Int, _ side: Int) -> Int { (place % side + side) % side }
}

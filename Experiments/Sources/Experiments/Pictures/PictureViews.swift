import Foundation
import Torch

/// Random views of pictures: turned, scaled, moved and made fainter, each picture its own way.
///
/// One operator a batch samples all pictures, so that views cost little beside the network.
struct PictureViews {
  /// The largest turn, in radians.
  var turn = 0.4
  /// The smallest and largest side of what is seen, in sides of the picture.
  var scale = 0.6...1.1
  /// The largest move, in sides of the picture.
  var shift = 0.1
  /// The smallest and largest contrast.
  var contrast = 0.6...1.4

  /// A view of each of `[N, 1, H, W]`.
  func callAsFunction(_ pictures: Tensor, using random: inout SplitMix64) -> Tensor {
    let count = pictures.size(along: 0)
    var maps: [Float] = []
    var factors: [Float] = []
    for _ in 0..<count {
      let angle = Double.random(in: -turn...turn, using: &random)
      let size = Double.random(in: scale, using: &random)
      // Places run from −1 to 1, so that a side is 2 long.
      let x = Double.random(in: -2 * shift...2 * shift, using: &random)
      let y = Double.random(in: -2 * shift...2 * shift, using: &random)
      let (c, s) = (size * cos(angle), size * sin(angle))
      maps += [c, -s, x, s, c, y].map(Float.init)
      factors.append(Float(Double.random(in: contrast, using: &random)))
    }
    let grid = Ops.grid(
      .tensor(Tensor(maps, shape: [count, 2, 3])), .ints(pictures.shape), .bool(false))
    // 0 and 0: between pixels by straight lines, black outside.
    let views = Ops.sample(.tensor(pictures), .tensor(grid), .int(0), .int(0), .bool(false))
    return views * Tensor(factors, shape: [count, 1, 1, 1])
  }

  private enum Ops {
    static let grid = Op("aten::affine_grid_generator")
    static let sample = Op("aten::grid_sampler")
  }
}

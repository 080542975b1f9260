import Foundation
import Storage
import Torch

/// Random views of images: rotated, scaled, shifted and with lower contrast, each independently.
///
/// One operator per batch samples all images, so that views cost little compared with the network.
struct PictureViews {
  /// The maximum rotation, in radians.
  var turn = 0.4
  /// The minimum and maximum side of the visible part, relative to the image side.
  var scale = 0.6...1.1
  /// The maximum shift, relative to the image side.
  var shift = 0.1
  /// The minimum and maximum contrast.
  var contrast = 0.6...1.4

  /// A view of each of `[N, 1, H, W]`.
  func callAsFunction(_ pictures: Tensor, using random: inout SplitMix64) -> Tensor {
    let count = pictures.size(along: 0)
    var maps: [Float] = []
    var factors: [Float] = []
    for _ in 0..<count {
      let angle = Double.random(in: -turn...turn, using: &random)
      let size = Double.random(in: scale, using: &random)
      // Coordinates run from −1 to 1, so that a side has length 2.
      let x = Double.random(in: -2 * shift...2 * shift, using: &random)
      let y = Double.random(in: -2 * shift...2 * shift, using: &random)
      let (c, s) = (size * cos(angle), size * sin(angle))
      maps += [c, -s, x, s, c, y].map(Float.init)
      factors.append(Float(Double.random(in: contrast, using: &random)))
    }
    let grid = Ops.grid(
      .tensor(Tensor(maps, shape: [count, 2, 3])), .ints(pictures.shape), .bool(false))
    // 0 and 0: linear interpolation, black outside.
    let views = Ops.sample(.tensor(pictures), .tensor(grid), .int(0), .int(0), .bool(false))
    return views * Tensor(factors, shape: [count, 1, 1, 1])
  }

  private enum Ops {
    static let grid = Op("aten::affine_grid_generator")
    static let sample = Op("aten::grid_sampler")
  }
}

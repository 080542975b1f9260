import Storage
import Torch

/// Square crops of 32 × 32 images, one each, and the overlaps of their patches.
struct Crops {
  /// The left edge, the upper edge and the side of each, in pixels.
  private let boxes: [(x: Double, y: Double, side: Double)]

  /// Draws sides of 18 to 32.
  init(_ count: Int, using random: inout SplitMix64) {
    boxes = (0..<count).map { _ in
      let side = Double.random(in: 18...32, using: &random)
      return (
        Double.random(in: 0...(32 - side), using: &random),
        Double.random(in: 0...(32 - side), using: &random), side
      )
    }
  }

  /// The crops of `[N, C, 32, 32]`, scaled to 32 × 32.
  func callAsFunction(_ pictures: Tensor) -> Tensor {
    let maps = boxes.flatMap { box in
      let scale = box.side / 32
      return [
        scale, 0, (2 * box.x + box.side) / 32 - 1, 0, scale, (2 * box.y + box.side) / 32 - 1,
      ].map(Float.init)
    }
    let grid = Ops.grid(
      .tensor(Tensor(maps, shape: [boxes.count, 2, 3])), .ints(pictures.shape), .bool(false))
    // 0 and 1: linear interpolation, border colours outside.
    return Ops.sample(.tensor(pictures), .tensor(grid), .int(0), .int(1), .bool(false))
  }

  /// The intersection over union `[N, 64, 64]` of the 8 × 8 patches of crops of the same images.
  func overlaps(with other: Crops) -> Tensor {
    var values: [Float] = []
    values.reserveCapacity(boxes.count * 4_096)
    for (own, their) in zip(boxes, other.boxes) {
      let (a, b) = (own.side / 8, their.side / 8)
      func shared(_ start: Double, _ otherStart: Double) -> Double {
        max(0, min(start + a, otherStart + b) - max(start, otherStart))
      }
      let across = (0..<64).map {
        shared(own.x + Double($0 / 8) * a, their.x + Double($0 % 8) * b)
      }
      let down = (0..<64).map {
        shared(own.y + Double($0 / 8) * a, their.y + Double($0 % 8) * b)
      }
      for row in 0..<64 {
        for column in 0..<64 {
          let common = down[row / 8 * 8 + column / 8] * across[row % 8 * 8 + column % 8]
          values.append(Float(common / (a * a + b * b - common)))
        }
      }
    }
    return Tensor(values, shape: [boxes.count, 64, 64])
  }

  private enum Ops {
    static let grid = Op("aten::affine_grid_generator")
    static let sample = Op("aten::grid_sampler")
  }
}

import Storage
import Testing
import Torch

@testable import Experiments

@Suite struct CropsTests {
  @Test func `each patch of a crop overlaps only itself`() {
    var random = SplitMix64(3)
    let crops = Crops(2, using: &random)
    let overlaps = crops.overlaps(with: crops).doubles()
    for place in overlaps.indices {
      let (row, column) = (place / 64 % 64, place % 64)
      #expect(abs(overlaps[place] - (row == column ? 1 : 0)) < 1e-5)
    }
  }

  /// Images whose colours encode positions reveal a patch's origin, which the boxes also give.
  @Test func `the patches with the largest overlap show the same place`() {
    var random = SplitMix64(4)
    let (first, second) = (Crops(6, using: &random), Crops(6, using: &random))
    let line = Tensor.range(0..<32).converted(to: .float32) + 0.5
    let across = line.reshaped([1, 1, 1, 32]).expanded(to: [6, 1, 32, 32])
    let down = line.reshaped([1, 1, 32, 1]).expanded(to: [6, 1, 32, 32])
    let places = Tensor.concatenated([across, down], along: 1).contiguous()
    // [6, 2, 8, 8]: the centre of each patch in the image.
    let (own, other) = (
      first(places).averagePooled(window: 4).reshaped([6, 2, 64]).doubles(),
      second(places).averagePooled(window: 4).reshaped([6, 2, 64]).doubles()
    )
    let overlaps = first.overlaps(with: second)
    let (best, found) = (overlaps.maximum(along: 2).doubles(), overlaps.argmax(along: 2))
    var compared = 0
    for (row, candidate) in found.array(of: Int64.self).enumerated() where best[row] > 0.3 {
      let (picture, patch) = (row / 64, row % 64)
      for axis in 0..<2 {
        let start = (picture * 2 + axis) * 64
        #expect(abs(own[start + patch] - other[start + Int(candidate)]) < 2)
      }
      compared += 1
    }
    #expect(compared > 50)
  }
}

import Datasets
import Foundation
import Media
import TestSupport
import Testing
import Torch

@Suite struct MovingShapesTests {
  @Test func `the square moves in the direction of its class`() {
    let shapes = MovingShapes(frames: 4, side: 12, scenes: 2, motions: 4, speed: 2, seed: 3)
    let clips = shapes.clips(0..<12)
    #expect(clips.pixels.shape == [12, 1, 4, 12, 12])
    let steps = [(2, 0), (0, 2), (-2, 0), (0, -2)]
    for clip in 0..<12 {
      // The square is the only thing that is white: two by two pixels.
      let frames = (0..<4).map { frame in
        Set(
          clips.pixels[clip][0][frame].doubles().enumerated().filter { $0.element == 1 }
            .map(\.offset))
      }
      #expect(frames.allSatisfy { $0.count == 4 })
      let (x, y) = steps[clips.motions[clip]]
      for frame in 1..<4 {
        let moved = frames[frame - 1].map { place in
          (place / 12 + y + 12) % 12 * 12 + (place % 12 + x + 12) % 12
        }
        #expect(Set(moved) == frames[frame], "clip \(clip)")
      }
    }
  }

  @Test func `scenes do not move`() {
    let clips = MovingShapes(scenes: 3).clips(0..<6)
    let (first, last) = (clips.pixels[0][0][0].doubles(), clips.pixels[0][0][7].doubles())
    #expect(zip(first, last).filter { $0 != $1 }.count <= 32)
    #expect(first.filter { $0 < 1 }.allSatisfy { $0 <= 0.8 })
    // Sixteen fields, of which the square hides none.
    #expect(Set(first).count == 17)
  }

  @Test func `scenes and motions correlate as configured`() {
    func share(_ coupling: Double) -> Double {
      let clips = MovingShapes(frames: 1, side: 4, coupling: coupling).clips(0..<2000)
      let same = zip(clips.motions, clips.scenes).filter { $0 == $1 }.count
      return Double(same) / 2000
    }
    #expect(share(1) == 1)
    #expect(abs(share(0) - 0.125) < 0.03)
    #expect(abs(share(0.5) - 0.5625) < 0.04)
  }

  @Test func `a clip is equal in every range`() {
    let shapes = MovingShapes()
    let all = shapes.clips(0..<5)
    let part = shapes.clips(3..<5)
    #expect(part.pixels.isIdentical(to: all.pixels[3..<5]))
    #expect(part.motions == Array(all.motions[3...]) && part.scenes == Array(all.scenes[3...]))
    #expect(!MovingShapes(seed: 1).clips(3..<5).pixels.isIdentical(to: part.pixels))
  }
}

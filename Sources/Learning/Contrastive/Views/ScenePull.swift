import Foundation

/// One pull at a point of a frame, in pixels.
struct ScenePull {
  private let target: (y: Double, x: Double)
  private let shift: (y: Double, x: Double)

  /// Creates a pull from a point and an offset.
  ///
  /// Points at 60 … 140 and pulls of 10 … 20 are from the authors' code, for frames of 224 pixels.
  ///
  /// - Parameter draws: four numbers in 0 … 1: the point's row and column, then the vertical and
  ///   horizontal offset.
  init(_ draws: [Double], height: Int, width: Int) {
    let (h, w) = (Double(height) / 224, Double(width) / 224)
    shift = ((10 + 10 * draws[2]) * h, (10 + 10 * draws[3]) * w)
    target = ((60 + 80 * draws[0]) * h + shift.y, (60 + 80 * draws[1]) * w + shift.x)
  }

  /// The source position of a pixel.
  func source(of place: (y: Double, x: Double)) -> (y: Double, x: Double) {
    let share = hypot(place.y - target.y, place.x - target.x) / hypot(shift.y, shift.x)
    let strength = 0.5 / (3 * share * share * share * share + 1)
    return (place.y - strength * shift.y, place.x - strength * shift.x)
  }
}

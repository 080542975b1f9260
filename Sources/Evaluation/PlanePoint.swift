/// A place on a map.
public struct PlanePoint: Codable, Hashable, Sendable {
  /// Rightwards.
  public var x: Double
  /// Upwards.
  public var y: Double

  /// Takes both.
  public init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}

/// A picture as bytes: `[C, H, W]` in row-major order.
struct RasterImage: Equatable {
  var width: Int
  var height: Int
  /// 1 is grey, 3 are red, green and blue; one more is how opaque a pixel is.
  var channels: Int
  var pixels: [UInt8]
}

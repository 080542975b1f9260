internal import CImages
import Datasets
import Storage

/// A picture as bytes: `[C, H, W]` in row-major order.
struct RasterImage: Equatable {
  var width: Int
  var height: Int
  /// 1 is grey, 3 is red, green and blue; 2 and 4 have an alpha channel in addition.
  var channels: Int
  var pixels: [UInt8]

  /// Decodes a PNG or JPEG file with libpng or libjpeg.
  ///
  /// Grey becomes 1 channel, colours and palettes become 3; an alpha channel of a PNG file is kept.
  /// Grey with less than 8 bits is scaled to 0 … 255; of 16 bits, the upper 8 are kept.
  ///
  /// - Parameters:
  ///   - content: the whole file.
  ///   - file: the file's name, whose extension tells the format.
  ///   - pixelLimit: the most pixels; a kilobyte may claim to be a picture of gigabytes.
  /// - Throws: `InputError` with the library's message when the file is damaged, truncated, in CMYK
  ///   colours or too large.
  init(
    _ content: [UInt8], file: String, pixelLimit: Int = ImageSet.pixelLimit
  ) throws {
    let isPNG = file.lowercased().hasSuffix(".png")
    var picture = ci_picture()
    defer { ci_free(&picture) }
    var message = [CChar](repeating: 0, count: Int(CI_MESSAGE_SIZE))
    let code = (isPNG ? ci_read_png : ci_read_jpeg)(
      content, content.count, pixelLimit, &picture, &message)
    guard code == 0, let bytes = picture.pixels else {
      let words = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw InputError(
        file: file, reason: String(decoding: words, as: UTF8.self),
        expected: picture.is_too_large != 0
          ? "at most \(pixelLimit) pixels; raise the limit with the argument pixelLimit"
          : isPNG ? "a PNG file" : "a JPEG file, grey or in colour")
    }
    (width, height) = (Int(picture.width), Int(picture.height))
    channels = Int(picture.channels)
    let area = width * height
    pixels = [UInt8](unsafeUninitializedCapacity: area * channels) { [channels] target, count in
      for channel in 0..<channels {
        for pixel in 0..<area {
          target[channel * area + pixel] = bytes[pixel * channels + channel]
        }
      }
      count = area * channels
    }
  }
}

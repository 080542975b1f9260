internal import CImages
import Datasets
import Torch

/// A picture as bytes: `[C, H, W]` in row-major order.
struct RasterImage: Equatable {
  var width: Int
  var height: Int
  /// 1 is grey, 3 are red, green and blue; one more is how opaque a pixel is.
  var channels: Int
  var pixels: [UInt8]

  /// Reads a PNG or a JPEG file with libpng or libjpeg.
  ///
  /// Grey becomes 1 channel, colours and palettes 3; transparency, where the pixels of a PNG file carry
  /// it, is one more. Grey of less than 8 bits is stretched to 0 … 255, of numbers of 16 bits the upper
  /// 8 stay.
  ///
  /// - Parameters:
  ///   - content: the whole file.
  ///   - file: its name, whose ending tells the format.
  ///   - pixelLimit: the most pixels; a kilobyte may claim to be a picture of gigabytes.
  /// - Throws: `InputError` with what the library says of a file that is damaged, cut short, of four
  ///   printing colours or too large.
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
          ? "at most \(pixelLimit) pixels; the argument pixelLimit raises that"
          : isPNG ? "a PNG file" : "a JPEG file, grey or in colours")
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

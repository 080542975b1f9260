/// Reads PNG files.
///
/// Grey becomes 1 channel, colours and palettes 3; transparency, where the pixels carry it, is one
/// more. Grey of less than 8 bits is stretched to 0 … 255, of numbers of 16 bits the upper 8 stay.
/// Interlaced files are refused.
///
/// - Source: Portable Network Graphics specification, third edition. W3C 2025.
///   <https://www.w3.org/TR/png-3/>
enum PNGDecoder {
  /// The picture in the bytes of a whole file.
  static func picture(
    _ bytes: UnsafeRawBufferPointer, in range: Range<Int>
  ) throws(BinaryFault) -> RasterImage {
    var cursor = ByteCursor(bytes, in: range)
    let signature = try cursor.take(8, "the signature")
    guard bytes[signature].elementsEqual([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
      throw BinaryFault(
        range.lowerBound, "no PNG signature", expected: "0x89 'PNG' 0x0D 0x0A 0x1A 0x0A")
    }
    var header: Header?
    var palette: [UInt8] = []
    var packed: [UInt8] = []
    var isWhole = false
    while !isWhole {
      let length = try cursor.bigEndian(4, "a chunk's length")
      let kind = try cursor.take(4, "a chunk's name")
      let content = try cursor.take(length, "a chunk")
      let sum = try cursor.bigEndian(4, "a chunk's check sum")
      let name = String(decoding: bytes[kind], as: UTF8.self)
      let found = Checksum.crc32(bytes, in: kind.lowerBound..<content.upperBound)
      guard sum == Int(found) else {
        throw BinaryFault(
          content.upperBound, "the check sum of \(name) is \(sum)", expected: "\(found)")
      }
      switch name {
      case "IHDR": header = try Header(ByteCursor(bytes, in: content))
      case "PLTE": palette = Array(bytes[content])
      case "IDAT": packed += bytes[content]
      case "IEND": isWhole = true
      default:
        // A capital first letter: what follows cannot be understood without it.
        guard bytes[kind.lowerBound] & 32 != 0 else {
          throw BinaryFault(kind.lowerBound, "the unknown chunk \(name)")
        }
      }
    }
    guard let header else { throw BinaryFault(range.lowerBound, "no header", expected: "IHDR") }
    do throws(BinaryFault) {
      let rows = try header.rows(packed)
      return try header.image(rows, palette: palette)
    } catch {
      throw BinaryFault(
        range.upperBound, "the pixels cannot be unpacked: \(error.reason)",
        expected: error.expected)
    }
  }

  private struct Header {
    var width: Int
    var height: Int
    var depth: Int
    var colour: Int
    /// Numbers a pixel holds.
    var samples: Int

    init(_ cursor: ByteCursor) throws(BinaryFault) {
      var cursor = cursor
      width = try cursor.bigEndian(4, "the width")
      height = try cursor.bigEndian(4, "the height")
      // Pictures to learn from are small; the limit keeps a damaged file from asking for terabytes.
      guard (1...65536).contains(width), (1...65536).contains(height) else {
        throw BinaryFault(
          cursor.position - 8, "\(width) × \(height) pixels", expected: "1 ... 65536 each way")
      }
      depth = try cursor.bigEndian(1, "the depth")
      colour = try cursor.bigEndian(1, "the colour type")
      let depths = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
      guard depths[colour]?.contains(depth) == true else {
        throw BinaryFault(cursor.position - 2, "depth \(depth) with colour type \(colour)")
      }
      samples = [1, 0, 3, 1, 2, 0, 4][colour]
      let rest = try cursor.bigEndian(3, "the methods")
      guard rest == 0 else {
        throw BinaryFault(
          cursor.position - 3, "methods \(rest >> 16), \(rest >> 8 & 255), \(rest & 255)",
          expected: "0, 0, 0: not interlaced")
      }
    }

    private var rowBytes: Int { (width * samples * depth + 7) / 8 }

    /// The rows without their filters.
    func rows(_ packed: [UInt8]) throws(BinaryFault) -> [UInt8] {
      let size = height * (rowBytes + 1)
      let result = packed.withUnsafeBytes { bytes in
        Result { () throws(BinaryFault) in
          try Inflater.unpackZlib(bytes, in: 0..<bytes.count, size: size)
        }
      }
      let filtered = try result.get()
      var rows = [UInt8](repeating: 0, count: height * rowBytes)
      let step = max(samples * depth / 8, 1)
      for row in 0..<height {
        let (source, target) = (row * (rowBytes + 1), row * rowBytes)
        let filter = filtered[source]
        for column in 0..<rowBytes {
          let left = column >= step ? rows[target + column - step] : 0
          let above = row > 0 ? rows[target + column - rowBytes] : 0
          let corner = row > 0 && column >= step ? rows[target + column - rowBytes - step] : 0
          let guess: UInt8
          switch filter {
          case 0: guess = 0
          case 1: guess = left
          case 2: guess = above
          case 3: guess = UInt8((Int(left) + Int(above)) / 2)
          case 4: guess = Self.nearest(left, above, corner)
          default:
            throw BinaryFault(source, "the filter \(filter) of row \(row)", expected: "0 ... 4")
          }
          rows[target + column] = filtered[source + 1 + column] &+ guess
        }
      }
      return rows
    }

    /// Which of three neighbours is nearest to left + above − corner (Paeth).
    private static func nearest(_ left: UInt8, _ above: UInt8, _ corner: UInt8) -> UInt8 {
      let guess = Int(left) + Int(above) - Int(corner)
      let (a, b, c) = (abs(guess - Int(left)), abs(guess - Int(above)), abs(guess - Int(corner)))
      return a <= b && a <= c ? left : b <= c ? above : corner
    }

    func image(_ rows: [UInt8], palette: [UInt8]) throws(BinaryFault) -> RasterImage {
      let channels = colour == 3 ? 3 : samples
      let area = width * height
      var pixels = [UInt8](repeating: 0, count: channels * area)
      let largest = (1 << min(depth, 8)) - 1
      for row in 0..<height {
        for column in 0..<width {
          let pixel = row * width + column
          for sample in 0..<samples {
            let number = number(rows, row: row, at: column * samples + sample)
            guard colour == 3 else {
              pixels[sample * area + pixel] = UInt8(number * 255 / largest)
              continue
            }
            guard 3 * number + 2 < palette.count else {
              throw BinaryFault(
                pixel, "colour \(number) of the pixel", expected: "below \(palette.count / 3)")
            }
            for channel in 0..<3 {
              pixels[channel * area + pixel] = palette[3 * number + channel]
            }
          }
        }
      }
      return RasterImage(width: width, height: height, channels: channels, pixels: pixels)
    }

    /// A number of a row, the upper 8 bits of one of 16.
    private func number(_ rows: [UInt8], row: Int, at index: Int) -> Int {
      let start = row * rowBytes
      if depth >= 8 { return Int(rows[start + index * depth / 8]) }
      let bit = index * depth
      return Int(rows[start + bit / 8]) >> (8 - depth - bit % 8) & (1 << depth - 1)
    }
  }
}

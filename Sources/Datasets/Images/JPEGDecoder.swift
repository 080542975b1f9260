import Foundation

/// Reads pictures that are compressed with JPEG's baseline process: Huffman codes, 8 bits, one pass.
///
/// Grey becomes 1 channel, the usual luminance and two chromas 3. Coarser chromas are drawn out with
/// the triangular filter that libjpeg has by default, so that pixels differ from libjpeg's by the
/// rounding of its whole-number transform at most. Progressive and arithmetic coding, 12 bits and
/// four colours are refused.
///
/// - Source: Digital compression and coding of continuous-tone still images. ITU-T T.81, 1992.
///   <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>. JPEG File Interchange Format. ITU-T T.871, 2011.
struct JPEGDecoder {
  private var cursor: ByteCursor
  private var steps = [[Int]?](repeating: nil, count: 4)
  private var codes: [Int: PrefixCode] = [:]
  private var components: [JPEGComponent] = []
  private var (width, height) = (0, 0)
  private var restartInterval = 0
  private var isPlain = false

  /// The picture in the bytes of a whole file.
  static func picture(
    _ bytes: UnsafeRawBufferPointer, in range: Range<Int>
  ) throws(BinaryFault) -> RasterImage {
    var decoder = JPEGDecoder(cursor: ByteCursor(bytes, in: range))
    try decoder.run()
    return decoder.image()
  }

  private init(cursor: ByteCursor) { self.cursor = cursor }

  private mutating func run() throws(BinaryFault) {
    let start = cursor.position
    guard try cursor.bigEndian(2, "the signature") == 0xFFD8 else {
      throw BinaryFault(start, "no JPEG signature", expected: "0xFF 0xD8")
    }
    var scanned = 0
    while true {
      let place = cursor.position
      var marker = try cursor.bigEndian(2, "a marker")
      // Markers may have any number of bytes 0xFF before them.
      while marker == 0xFFFF { marker = 0xFF00 | Int(try cursor.byte("a marker")) }
      if marker == 0xFFD9 { break }
      guard marker >= 0xFFC0 else {
        throw BinaryFault(place, "\(marker) in place of a marker", expected: "0xFFC0 ... 0xFFFE")
      }
      let length = try cursor.bigEndian(2, "a segment's length")
      guard length >= 2 else { throw BinaryFault(place + 2, "a segment of \(length) bytes") }
      let content = try cursor.take(length - 2, "a segment")
      var segment = ByteCursor(cursor.bytes, in: content)
      switch marker {
      case 0xFFC0, 0xFFC1: try readFrame(&segment)
      case 0xFFC4: try readCodes(&segment)
      case 0xFFDB: try readSteps(&segment)
      case 0xFFDD: restartInterval = try segment.bigEndian(2, "a restart interval")
      case 0xFFEE: try readAdobe(&segment)
      case 0xFFDA: scanned += try readScan(&segment)
      case 0xFFC2, 0xFFC3, 0xFFC5...0xFFCF:
        throw BinaryFault(
          place, "the process 0x\(String(marker, radix: 16, uppercase: true))",
          expected: "0xFFC0, baseline")
      default: break
      }
    }
    guard scanned > 0, scanned == components.count else {
      throw BinaryFault(cursor.position, "\(scanned) components", expected: "\(components.count)")
    }
  }

  private mutating func readFrame(_ segment: inout ByteCursor) throws(BinaryFault) {
    let place = segment.position
    let depth = try segment.bigEndian(1, "the depth")
    height = try segment.bigEndian(2, "the height")
    width = try segment.bigEndian(2, "the width")
    let count = try segment.bigEndian(1, "the number of components")
    guard depth == 8, height > 0, width > 0, count == 1 || count == 3, components.isEmpty else {
      throw BinaryFault(
        place, "\(width) × \(height) pixels of \(count) times \(depth) bits",
        expected: "1 or 3 times 8 bits, once")
    }
    // A block of 64 pixels takes two bits at least; a damaged file must not ask for more memory.
    guard width * height <= 256 * segment.bytes.count + 65536 else {
      throw BinaryFault(
        place, "\(width) × \(height) pixels from \(segment.bytes.count) bytes",
        expected: "at most 256 pixels a byte")
    }
    var shapes: [(name: Int, across: Int, down: Int, table: Int)] = []
    for _ in 0..<count {
      let name = try segment.bigEndian(1, "a component")
      let factors = try segment.bigEndian(1, "sampling factors")
      let table = try segment.bigEndian(1, "a table's number")
      guard [1, 2].contains(factors >> 4), [1, 2].contains(factors & 15), table < 4 else {
        throw BinaryFault(
          segment.position - 2,
          "sampling factors \(factors >> 4) × \(factors & 15), table \(table)",
          expected: "1 or 2 each, a table below 4")
      }
      shapes.append((name, factors >> 4, factors & 15, table))
    }
    let most = (
      across: shapes.map(\.across).max() ?? 1, down: shapes.map(\.down).max() ?? 1
    )
    components = shapes.map { shape in
      JPEGComponent(
        name: shape.name, table: shape.table, across: shape.across, down: shape.down,
        stretch: (most.across / shape.across, most.down / shape.down), width: width,
        height: height, unit: (8 * most.across, 8 * most.down))
    }
  }

  private mutating func readSteps(_ segment: inout ByteCursor) throws(BinaryFault) {
    while segment.position < segment.end {
      let kind = try segment.bigEndian(1, "a table's number")
      guard kind >> 4 <= 1, kind & 15 < 4 else {
        throw BinaryFault(segment.position - 1, "the table \(kind)", expected: "0 ... 3, 16 ... 19")
      }
      var table: [Int] = []
      for _ in 0..<64 { table.append(try segment.bigEndian(1 + kind >> 4, "a step")) }
      steps[kind & 15] = table
    }
  }

  private mutating func readCodes(_ segment: inout ByteCursor) throws(BinaryFault) {
    while segment.position < segment.end {
      let place = segment.position
      let kind = try segment.bigEndian(1, "a code's number")
      var counts: [Int] = []
      for _ in 0..<16 { counts.append(try segment.bigEndian(1, "a number of codes")) }
      var symbols: [Int] = []
      for _ in 0..<counts.reduce(0, +) { symbols.append(try segment.bigEndian(1, "a symbol")) }
      guard kind & 0xEC == 0, let code = PrefixCode(counts: counts, symbols: symbols) else {
        throw BinaryFault(place, "a code \(kind) with \(counts) codes of each length")
      }
      codes[kind] = code
    }
  }

  /// Adobe's note: whether three components are red, green and blue as they are.
  private mutating func readAdobe(_ segment: inout ByteCursor) throws(BinaryFault) {
    guard segment.end - segment.position >= 12,
      segment.bytes[segment.position..<(segment.position + 5)].elementsEqual("Adobe".utf8)
    else { return }
    _ = try segment.take(11, "a note")
    isPlain = try segment.bigEndian(1, "a transform") == 0
  }

  /// Reads the components of a scan; how many they were.
  private mutating func readScan(_ segment: inout ByteCursor) throws(BinaryFault) -> Int {
    let count = try segment.bigEndian(1, "the number of components")
    var parts: [(component: Int, steps: [Int], first: PrefixCode, other: PrefixCode)] = []
    for _ in 0..<count {
      let place = segment.position
      let name = try segment.bigEndian(1, "a component")
      let numbers = try segment.bigEndian(1, "codes' numbers")
      guard let component = components.firstIndex(where: { $0.name == name && !$0.isRead }),
        let table = steps[components[component].table], let first = codes[numbers >> 4],
        let other = codes[16 | numbers & 15]
      else { throw BinaryFault(place, "the component \(name) with codes \(numbers)") }
      components[component].isRead = true
      parts.append((component, table, first, other))
    }
    guard count > 0 else { throw BinaryFault(segment.position, "a scan of nothing") }
    var bits = JPEGBits(cursor)
    var last = [Int](repeating: 0, count: count)
    // A component alone comes block by block, several in units of all their blocks.
    let alone = count == 1 ? components[parts[0].component] : nil
    let largest = (
      components.map { $0.across * $0.stretch.across }.max() ?? 1,
      components.map { $0.down * $0.stretch.down }.max() ?? 1
    )
    let across = alone?.blocksAcross ?? (width + 8 * largest.0 - 1) / (8 * largest.0)
    let down = alone?.blocksDown ?? (height + 8 * largest.1 - 1) / (8 * largest.1)
    for unit in 0..<(across * down) {
      if restartInterval > 0, unit > 0, unit % restartInterval == 0 {
        try bits.restart()
        last = last.map { _ in 0 }
      }
      let (row, column) = (unit / across, unit % across)
      for (place, part) in parts.enumerated() {
        let component = components[part.component]
        let size = alone == nil ? (component.down, component.across) : (1, 1)
        for block in 0..<(size.0 * size.1) {
          let coefficients = try bits.block(
            first: part.first, other: part.other, steps: part.steps, last: &last[place])
          components[part.component].store(
            coefficients, row: row * size.0 + block / size.1,
            column: column * size.1 + block % size.1)
        }
      }
    }
    cursor = bits.rest
    return count
  }

  private func image() -> RasterImage {
    let planes = components.map { $0.stretched(width: width, height: height) }
    guard planes.count == 3, !isPlain else {
      return RasterImage(
        width: width, height: height, channels: planes.count, pixels: planes.flatMap { $0 })
    }
    let area = width * height
    var pixels = [UInt8](repeating: 0, count: 3 * area)
    for place in 0..<area {
      let light = Double(planes[0][place])
      let (blue, red) = (Double(planes[1][place]) - 128, Double(planes[2][place]) - 128)
      let colours = (
        light + 1.402 * red, light - 0.344136 * blue - 0.714136 * red, light + 1.772 * blue
      )
      pixels[place] = JPEGComponent.byte(colours.0)
      pixels[area + place] = JPEGComponent.byte(colours.1)
      pixels[2 * area + place] = JPEGComponent.byte(colours.2)
    }
    return RasterImage(width: width, height: height, channels: 3, pixels: pixels)
  }
}

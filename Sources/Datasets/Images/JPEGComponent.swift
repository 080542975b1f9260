import Foundation

/// One of the components of a JPEG picture: its samples, maybe coarser than the picture.
struct JPEGComponent {
  let name: Int
  let table: Int
  /// Blocks in a unit of all components.
  let across: Int
  let down: Int
  /// How many pixels a sample covers.
  let stretch: (across: Int, down: Int)
  /// The blocks that hold a part of the picture.
  let blocksAcross: Int
  let blocksDown: Int
  var isRead = false
  private let size: (width: Int, height: Int)
  private let rowLength: Int
  private var samples: [UInt8]

  /// - Parameter unit: the pixels of a unit of all components.
  init(
    name: Int, table: Int, across: Int, down: Int, stretch: (across: Int, down: Int), width: Int,
    height: Int, unit: (width: Int, height: Int)
  ) {
    self.name = name
    self.table = table
    self.across = across
    self.down = down
    self.stretch = stretch
    size = (
      (width + stretch.across - 1) / stretch.across, (height + stretch.down - 1) / stretch.down
    )
    blocksAcross = (size.width + 7) / 8
    blocksDown = (size.height + 7) / 8
    // Whole units: their last blocks may lie outside of the picture.
    rowLength = (width + unit.width - 1) / unit.width * across * 8
    let rows = (height + unit.height - 1) / unit.height * down * 8
    samples = [UInt8](repeating: 0, count: rowLength * rows)
  }

  /// Keeps the samples of a block of 64 coefficients, in rows.
  mutating func store(_ coefficients: [Float], row: Int, column: Int) {
    var half = [Float](repeating: 0, count: 64)
    var block = [Float](repeating: 0, count: 64)
    for v in 0..<8 {
      for x in 0..<8 {
        var sum: Float = 0
        for u in 0..<8 { sum += Self.waves[8 * x + u] * coefficients[8 * v + u] }
        half[8 * v + x] = sum
      }
    }
    for y in 0..<8 {
      for x in 0..<8 {
        var sum: Float = 0
        for v in 0..<8 { sum += Self.waves[8 * y + v] * half[8 * v + x] }
        block[8 * y + x] = sum
      }
    }
    for y in 0..<8 {
      let start = (8 * row + y) * rowLength + 8 * column
      for x in 0..<8 { samples[start + x] = Self.byte(Double(block[8 * y + x]) + 128) }
    }
  }

  /// The samples at the picture's size.
  ///
  /// Between two samples the nearer one counts three times; sums are rounded alternately up and
  /// down, as libjpeg does.
  func stretched(width: Int, height: Int) -> [UInt8] {
    var pixels = [UInt8](repeating: 0, count: width * height)
    for y in 0..<height {
      let (row, otherRow) = Self.neighbours(y, stretch.down, size.height)
      for x in 0..<width {
        let (column, otherColumn) = Self.neighbours(x, stretch.across, size.width)
        func mixed(_ column: Int) -> Int {
          let near = Int(samples[row * rowLength + column])
          return stretch.down == 1
            ? near : 3 * near + Int(samples[otherRow * rowLength + column])
        }
        let value: Int
        switch (stretch.across, stretch.down) {
        case (1, 1): value = mixed(column)
        case (1, _): value = (mixed(column) + (y % 2 == 0 ? 1 : 2)) >> 2
        case (_, 1): value = (3 * mixed(column) + mixed(otherColumn) + (x % 2 == 0 ? 1 : 2)) >> 2
        default: value = (3 * mixed(column) + mixed(otherColumn) + (x % 2 == 0 ? 8 : 7)) >> 4
        }
        pixels[y * width + x] = UInt8(value)
      }
    }
    return pixels
  }

  /// The samples that a pixel lies in and beside.
  private static func neighbours(_ pixel: Int, _ stretch: Int, _ count: Int) -> (Int, Int) {
    let near = pixel / stretch
    return (near, min(max(pixel % 2 == 0 ? near - 1 : near + 1, 0), count - 1))
  }

  /// The nearest byte.
  static func byte(_ value: Double) -> UInt8 {
    UInt8(min(max((value + 0.5).rounded(.down), 0), 255))
  }

  /// The cosines of the transform: `[pixel, frequency]`.
  private static let waves: [Float] = (0..<64).map { place in
    let (pixel, frequency) = (Double(place / 8), Double(place % 8))
    return Float(
      cos((2 * pixel + 1) * frequency * .pi / 16) / 2 * (frequency == 0 ? 0.5.squareRoot() : 1))
  }
}

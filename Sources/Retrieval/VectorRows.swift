import CSearch
import Foundation
import Storage
import Torch

/// The memory of a table of vectors: part of a mapped file, or private memory that grows.
///
/// Row r starts at `base + r * stride` with a head of 16 bytes (`cs_row_head`), followed by its
/// numbers and zeros up to a multiple of 16 bytes: a search that visits a row finds all of it in
/// one place.
final class VectorRows: @unchecked Sendable {
  static let headSize = MemoryLayout<cs_row_head>.size
  let scalar: VectorScalar
  let dimension: Int
  let stride: Int
  private(set) var count: Int
  private(set) var base: UnsafeMutableRawPointer
  private var capacity: Int
  /// The file that the memory maps; nil for private memory.
  private let file: MappedFile?

  /// Creates an empty table with room for `capacity` rows.
  init(scalar: VectorScalar, dimension: Int, capacity: Int) {
    self.scalar = scalar
    self.dimension = dimension
    stride = Self.stride(scalar, dimension)
    count = 0
    self.capacity = max(capacity, 8)
    base = Self.allocate(self.capacity * stride)
    file = nil
  }

  /// Maps `count` rows of a file, which start at `offset`, a multiple of 64, and are inside it.
  init(scalar: VectorScalar, dimension: Int, count: Int, file: MappedFile, offset: Int) {
    self.scalar = scalar
    self.dimension = dimension
    stride = Self.stride(scalar, dimension)
    self.count = count
    capacity = count
    base = UnsafeMutableRawPointer(mutating: file.base + offset)
    self.file = file
  }

  deinit {
    if file == nil { base.deallocate() }
  }

  static func stride(_ scalar: VectorScalar, _ dimension: Int) -> Int {
    (headSize + dimension * scalar.byteCount + 15) & ~15
  }

  var isMapped: Bool { file != nil }
  var byteCount: Int { count * stride }

  /// A copy in private memory.
  func copied(extraRows: Int) -> VectorRows {
    let copy = VectorRows(scalar: scalar, dimension: dimension, capacity: count + extraRows)
    copy.base.copyMemory(from: base, byteCount: byteCount)
    copy.count = count
    return copy
  }

  /// Adds a vector.
  ///
  /// - Precondition: the memory is not mapped.
  func append(_ numbers: UnsafeBufferPointer<Float>, bias: Float) {
    precondition(numbers.count == dimension, "a row of another table")
    let row = newRow()
    let scale = scalar.write(numbers, to: row + Self.headSize)
    row.storeBytes(
      of: cs_row_head(scale: scale, bias: bias, complement: 0, is_removed: 0),
      as: cs_row_head.self)
  }

  /// Adds row `row` of a table of the same kind.
  func append(copyOfRow row: Int, in other: VectorRows) {
    precondition(other.stride == stride && other.scalar == scalar, "a row of another table")
    newRow().copyMemory(from: other.base + row * stride, byteCount: stride)
  }

  private func newRow() -> UnsafeMutableRawPointer {
    precondition(!isMapped, "cannot append to the rows of a mapped file")
    if count == capacity {
      let larger = Self.allocate(2 * capacity * stride)
      larger.copyMemory(from: base, byteCount: byteCount)
      base.deallocate()
      base = larger
      capacity *= 2
    }
    count += 1
    return base + (count - 1) * stride
  }

  /// The head of row `row`; writable only if the memory is not mapped.
  subscript(head row: Int) -> cs_row_head {
    get { (base + row * stride).load(as: cs_row_head.self) }
    set { (base + row * stride).storeBytes(of: newValue, as: cs_row_head.self) }
  }

  func isRemoved(_ row: Int) -> Bool { self[head: row].is_removed != 0 }

  /// The address of the numbers of row `row`.
  func numbers(ofRow row: Int) -> UnsafeRawPointer {
    UnsafeRawPointer(base + row * stride + Self.headSize)
  }

  /// The numbers of row `row`, as read back.
  func vector(ofRow row: Int) -> [Float] {
    let scale = self[head: row].scale
    let numbers = numbers(ofRow: row)
    return (0..<dimension).map { index in
      switch scalar {
      case .float32: numbers.load(fromByteOffset: 4 * index, as: Float.self)
      case .float16:
        HalfPrecision.number(numbers.load(fromByteOffset: 2 * index, as: UInt16.self))
      case .int8: scale * Float(numbers.load(fromByteOffset: index, as: Int8.self))
      }
    }
  }

  /// The inner product of row `row` with `query`, plus the row's bias.
  ///
  /// Computed in double precision and in one fixed order, for all searches: the authoritative
  /// score.
  func score(ofRow row: Int, for query: UnsafePointer<Float>) -> Double {
    let head = self[head: row]
    let numbers = numbers(ofRow: row)
    let product =
      switch scalar {
      case .float32:
        Self.product(numbers.assumingMemoryBound(to: Float.self), query, dimension) { Double($0) }
      case .float16:
        Self.product(numbers.assumingMemoryBound(to: UInt16.self), query, dimension) {
          Double(HalfPrecision.number($0))
        }
      case .int8:
        Self.product(numbers.assumingMemoryBound(to: Int8.self), query, dimension) { Double($0) }
      }
    return Double(head.scale) * product + Double(head.bias)
  }

  @inline(__always)
  private static func product<Number>(
    _ numbers: UnsafePointer<Number>, _ query: UnsafePointer<Float>, _ count: Int,
    _ value: (Number) -> Double
  ) -> Double {
    // Four sums are independent, so that they do not wait for each other.
    var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
    var index = 0
    while index + 4 <= count {
      a += value(numbers[index]) * Double(query[index])
      b += value(numbers[index + 1]) * Double(query[index + 1])
      c += value(numbers[index + 2]) * Double(query[index + 2])
      d += value(numbers[index + 3]) * Double(query[index + 3])
      index += 4
    }
    while index < count {
      a += value(numbers[index]) * Double(query[index])
      index += 1
    }
    return (a + b) + (c + d)
  }

  private static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 64), alignment: 64)
    // Padding is written to files, so it must be initialised.
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 64))
    return memory
  }

  /// Calls `body` with the table in the form that the graph reads.
  func withTable<R>(_ body: (UnsafePointer<cs_rows>) throws -> R) rethrows -> R {
    var table = cs_rows(
      base: base, stride: Int64(stride), count: Int64(count), dimension: Int32(dimension),
      scalar: scalar.code)
    return try withExtendedLifetime(self) { try body(&table) }
  }
}

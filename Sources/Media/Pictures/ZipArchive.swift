internal import CImages
import Datasets
import Storage

/// A ZIP file whose members are stored uncompressed or with DEFLATE.
///
/// - Source: .ZIP File Format Specification. PKWARE 2022.
///   <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>
struct ZipArchive {
  /// One file of the archive.
  struct Member {
    var name: String
    fileprivate var method: Int
    fileprivate var sum: Int
    fileprivate var packedSize: Int
    fileprivate var size: Int
    fileprivate var offset: Int
  }

  private let file: MappedFile
  /// The members in the order of the archive's directory, without folders.
  let members: [Member]

  /// Reads the directory of the archive at `path`.
  ///
  /// - Throws: `FileError` when it cannot be opened; `InputError` when it is not a ZIP archive or
  ///   has members over 4 GiB.
  init(path: String) throws {
    let file = try MappedFile(path: path)
    self.file = file
    members = try file.withBytes { bytes in
      do throws(BinaryFault) {
        return try Self.directory(bytes)
      } catch {
        throw error.inputError(file: path)
      }
    }
  }

  private static func directory(_ bytes: UnsafeRawBufferPointer) throws(BinaryFault) -> [Member] {
    // The last record is 22 bytes and a comment of up to 65535.
    let lowest = max(bytes.count - 22 - 65535, 0)
    let place = stride(from: bytes.count - 22, through: lowest, by: -1).first {
      bytes[$0..<($0 + 4)].elementsEqual([0x50, 0x4B, 0x05, 0x06])
    }
    guard let place else {
      throw BinaryFault(
        bytes.count, "the end record of a ZIP directory is missing", expected: "a ZIP file")
    }
    var end = ByteCursor(bytes, in: (place + 10)..<bytes.count)
    let count = try end.littleEndian(2, "the number of members")
    _ = try end.take(4, "the directory's size")
    let start = try end.littleEndian(4, "the directory's position")
    guard count < 0xFFFF, start <= place else {
      throw BinaryFault(
        place, "\(count) members with a directory at \(start)",
        expected: "a directory before its end, and not ZIP64")
    }
    var cursor = ByteCursor(bytes, in: start..<place)
    var members: [Member] = []
    for _ in 0..<count {
      let member = try member(&cursor)
      if !member.name.hasSuffix("/") { members.append(member) }
    }
    return members
  }

  private static func member(_ cursor: inout ByteCursor) throws(BinaryFault) -> Member {
    let start = cursor.position
    let mark = try cursor.littleEndian(4, "a directory entry")
    guard mark == 0x0201_4B50 else {
      throw BinaryFault(start, "\(mark) in place of a directory entry", expected: "\(0x0201_4B50)")
    }
    _ = try cursor.take(4, "versions")
    let flags = try cursor.littleEndian(2, "flags")
    let method = try cursor.littleEndian(2, "a method")
    _ = try cursor.take(4, "a time")
    let sum = try cursor.littleEndian(4, "a checksum")
    let packedSize = try cursor.littleEndian(4, "a size")
    let size = try cursor.littleEndian(4, "a size")
    let nameLength = try cursor.littleEndian(2, "a name's length")
    let extra = try cursor.littleEndian(2, "a length") + cursor.littleEndian(2, "a length")
    _ = try cursor.take(8, "attributes")
    let offset = try cursor.littleEndian(4, "a member's place")
    let name = String(
      decoding: cursor.bytes[try cursor.take(nameLength, "a name")], as: UTF8.self)
    _ = try cursor.take(extra, "an entry's rest")
    guard flags & 1 == 0, method == 0 || method == 8 else {
      throw BinaryFault(
        start, "\(name) has flags \(flags) and method \(method)",
        expected: "not encrypted, and method 0 or 8")
    }
    return Member(
      name: name, method: method, sum: sum, packedSize: packedSize, size: size, offset: offset)
  }

  /// The content of a member.
  ///
  /// - Parameter limit: the most bytes: a member may unpack to a thousand times its compressed
  ///   size.
  /// - Throws: `InputError` when the member is damaged or larger.
  func content(of member: Member, limit: Int) throws -> [UInt8] {
    guard member.size <= limit else {
      throw InputError(
        file: "\(file.path)/\(member.name)", reason: "\(member.size) bytes when unpacked",
        expected: "at most \(limit); raise the limit with the argument pixelLimit")
    }
    return try content(of: member)
  }

  private func content(of member: Member) throws -> [UInt8] {
    try file.withBytes { bytes in
      do throws(BinaryFault) {
        return try content(of: member, in: bytes)
      } catch {
        throw error.inputError(file: "\(file.path)/\(member.name)")
      }
    }
  }

  private func content(
    of member: Member, in bytes: UnsafeRawBufferPointer
  ) throws(BinaryFault) -> [UInt8] {
    var cursor = ByteCursor(bytes, in: min(member.offset, bytes.count)..<bytes.count)
    let mark = try cursor.littleEndian(4, "a member's head")
    guard mark == 0x0403_4B50 else {
      throw BinaryFault(
        member.offset, "\(mark) in place of a member's head", expected: "\(0x0403_4B50)")
    }
    _ = try cursor.take(22, "a member's head")
    let names = try cursor.littleEndian(2, "a length") + cursor.littleEndian(2, "a length")
    _ = try cursor.take(names, "a member's name")
    let packed = try cursor.take(member.packedSize, "packed bytes")
    let content =
      member.method == 0
      ? Array(bytes[packed]) : try Self.inflated(bytes, in: packed, size: member.size)
    let sum = ci_crc32(content, content.count)
    guard Int(sum) == member.sum, content.count == member.size else {
      throw BinaryFault(
        packed.upperBound, "\(content.count) bytes with the checksum \(sum)",
        expected: "\(member.size) with \(member.sum)")
    }
    return content
  }

  private static func inflated(
    _ bytes: UnsafeRawBufferPointer, in packed: Range<Int>, size: Int
  ) throws(BinaryFault) -> [UInt8] {
    // DEFLATE compresses by a factor of at most 1,032: a damaged size must not cause gigabytes of
    // memory.
    guard size <= 1040 * packed.count + 1040 else {
      throw BinaryFault(packed.lowerBound, "\(packed.count) bytes for a member of \(size)")
    }
    var content = [UInt8](repeating: 0, count: size)
    let isWhole = bytes[packed].withMemoryRebound(to: UInt8.self) {
      ci_inflate($0.baseAddress, $0.count, &content, size) == 0
    }
    guard isWhole else {
      throw BinaryFault(
        packed.lowerBound, "the member cannot be unpacked",
        expected: "\(size) bytes of DEFLATE data")
    }
    return content
  }
}

import Testing

@testable import Storage

@Suite struct XXHash64Tests {
  /// From the Python package xxhash 4.1.0: `xxh64_intdigest` of n bytes, byte i being
  /// (7 i + 1) mod 256; the lengths pass through each branch.
  @Test(
    arguments: [
      (0, 0xEF46_DB37_51D8_E999), (1, 0x8A41_2781_1B21_E730), (3, 0xB6E6_C910_C2FD_373A),
      (4, 0x22ED_A2CF_6AF4_C124), (5, 0x1DA4_8E4B_4CAF_AB76), (8, 0xC6F1_803A_5E0B_3222),
      (9, 0x9E8A_DF2A_0CCD_B6DA), (14, 0xFF34_EE32_A5C9_ECFE), (31, 0x6AB1_C40E_29F5_0073),
      (32, 0x5A07_56FB_E9EC_D3D1), (33, 0xDC50_CDC3_7BB9_C183), (64, 0x9008_3DA9_CDB9_D795),
      (100, 0xD248_BFC5_208B_0B16), (221, 0xD24E_4D3D_29D8_F62F),
    ] as [(Int, UInt64)])
  func `agrees with the xxhash package`(count: Int, expected: UInt64) {
    let bytes = (0..<count).map { UInt8(($0 * 7 + 1) % 256) }
    #expect(bytes.withUnsafeBytes { XXHash64.hash($0) } == expected)
  }

  @Test(arguments: [1, 3, 8, 31, 32, 33, 64, 300])
  func `pieces give the hash of the whole`(length: Int) {
    for count in [0, 1, 31, 32, 33, 64, 221] {
      let bytes = (0..<count).map { UInt8(($0 * 7 + 1) % 256) }
      var hash = XXHash64()
      for start in stride(from: 0, to: count, by: length) {
        bytes[start..<min(start + length, count)].withUnsafeBytes { hash.update($0) }
      }
      #expect(hash.value == bytes.withUnsafeBytes { XXHash64.hash($0) }, "\(count) bytes")
    }
  }

  @Test func `hashes the UTF-8 bytes of a text`() {
    #expect(XXHash64.hash("é") == [UInt8(0xC3), 0xA9].withUnsafeBytes { XXHash64.hash($0) })
  }
}

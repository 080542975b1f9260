import Testing

@testable import Storage

@Suite struct SHA1Tests {
  private func hexadecimal(_ words: [UInt32]) -> String {
    words.map {
      let text = String($0, radix: 16)
      return String(repeating: "0", count: 8 - text.count) + text
    }.joined()
  }

  /// The examples of FIPS 180 and NIST's example values; the empty message from the NIST validation
  /// vectors (SHA1ShortMsg, length 0).
  @Test(arguments: [
    ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
        + "lmnopqrsmnopqrstnopqrstu", "a49b2446a02c645bf419f995b67091253a04a259"
    ),
  ])
  func `agrees with the test vectors of FIPS 180`(message: String, digest: String) {
    #expect(hexadecimal(SHA1.digest(of: Array(message.utf8))) == digest)
  }

  /// From Python's hashlib: messages of n letters "a", around the padding's borders.
  @Test(arguments: [
    (1, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
    (55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
    (56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
    (57, "f08f24908d682555111be7ff6f004e78283d989a"),
    (63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"),
    (64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
    (65, "11655326c708d70319be2610e8a57d9a5b959d3b"),
    (119, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"),
    (120, "f34c1488385346a55709ba056ddd08280dd4c6d6"),
    (1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
  ])
  func `pads messages around the block border`(count: Int, digest: String) {
    let message = [UInt8](repeating: UInt8(ascii: "a"), count: count)
    #expect(hexadecimal(SHA1.digest(of: message)) == digest)
  }
}

import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite struct NormalFormTests {
  /// Every scalar that the quick look passes is left alone by Foundation, alone and between letters
  /// and marks that would compose with composable characters.
  @Test func `Foundation leaves inert scalars unchanged`() throws {
    var wrong: [UInt32] = []
    for value in 0..<UInt32(0x30000) {
      guard let scalar = Unicode.Scalar(value), NormalForm.isInert(value), value >= 0x300 else {
        continue
      }
      let isInert =
        scalar.properties.canonicalCombiningClass == .notReordered
        && String(scalar).precomposedStringWithCanonicalMapping.utf8.elementsEqual(
          String(scalar).utf8)
        && "a\u{1100}\u{1161}\(scalar)".precomposedStringWithCanonicalMapping.unicodeScalars.last
          == scalar
      if !isInert { wrong.append(value) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func `inert lead bytes begin only inert scalars`() {
    for value in UInt32(0)..<0x30000 {
      guard let scalar = Unicode.Scalar(value), let lead = UTF8.encode(scalar)?.first else {
        continue
      }
      if NormalForm.isInert(leadByte: lead), !NormalForm.isInert(value) {
        Issue.record("\(value) begins with \(lead)")
      }
    }
  }

  @Test func `agrees with Foundation`() {
    let alphabet: [Unicode.Scalar] = [
      "a", "e", "é", "\u{301}", "\u{323}", "\u{302}", "\u{344}", "か", "\u{3099}", "\u{1100}",
      "\u{1161}", "\u{11A8}", "각", "\u{212B}", "\u{F900}", "\u{0915}", "\u{093C}", "น", "\u{0E49}",
      "\u{0E38}", "\u{05B0}", "\u{05BC}", "\u{064E}", "\u{0651}", "\u{0653}", "\u{094D}",
      "\u{0EB8}",
      " ", "\u{1D15E}", "\u{2000}", "Ω", "\u{2126}", "\u{0BC6}", "\u{0BBE}", "\0", "😀",
    ]
    var generator = SplitMix64(1)
    for length in [1, 2, 3, 5, 8, 400, 900] {
      for _ in 0..<(length < 10 ? 200 : 3) {
        var text = ""
        for _ in 0..<length {
          text.unicodeScalars.append(alphabet[Int(generator.next() % UInt64(alphabet.count))])
        }
        let own = text.normalizedToNFC
        #expect(own.utf8.elementsEqual(text.precomposedStringWithCanonicalMapping.utf8))
        #expect(own.normalizedToNFC.utf8.elementsEqual(own.utf8) && NormalForm.isNormalized(own))
        #expect(NormalForm.isNormalized(text) == text.utf8.elementsEqual(own.utf8))
      }
    }
  }

  @Test func `runs in linear time`() {
    let marks = "a" + String(repeating: "\u{301}\u{323}", count: 20_000)
    let text = String(repeating: "e\u{301}", count: 20_000)
    let seconds = ContinuousClock().measure {
      #expect(marks.normalizedToNFC.unicodeScalars.count < 41_000)
      #expect(text.normalizedToNFC.utf8.elementsEqual(String(repeating: "é", count: 20_000).utf8))
    }
    // Quadratic, the marks alone take more than ten.
    #expect(seconds < .seconds(5))
    #expect(
      marks.normalizedToNFC.normalizedToNFC.utf8.elementsEqual(marks.normalizedToNFC.utf8))
  }
}

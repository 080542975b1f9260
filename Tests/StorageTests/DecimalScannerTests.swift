import Foundation
import Testing

@testable import Storage

@Suite struct DecimalScannerTests {
  private func scan(_ text: String) -> (value: Double, end: Int)? {
    Array(text.utf8).withUnsafeBytes {
      switch DecimalScanner.number(in: $0, from: 0, to: $0.count) {
      case .success(let result): result
      case .failure: nil
      }
    }
  }

  @Test(arguments: [
    "0", "-0", "1", "9007199254740991", "9007199254740992", "9007199254740993", "0.1", "0.3",
    "123456789012345678901234567890", "1e22", "1e23", "-1.7976931348623157e308",
    "4.9406564584124654e-324", "2.2250738585072011e-308", "0.000001", "1.0000000000000002",
    "3.14159265358979323846264338327950288", "8.41e21", "5e-324", "0.5000000000000001e-5",
    "100000000000000016777215", "100000000000000016777216", "1e-22", "1.5e-23", "7e0000000000003",
    "90071992547409919", "0.90071992547409925",
  ])
  func `rounds like the C library`(text: String) {
    let expected = strtod(text, nil)
    let found = scan(text)
    #expect(found?.value == expected)
    #expect(found?.value.sign == expected.sign)
    #expect(found?.end == text.utf8.count)
  }

  @Test func `rounds random digits like the C library`() {
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    for _ in 0..<2_000 {
      let whole = (0...next(20)).map { $0 == 0 ? "\(1 + next(9))" : "\(next(10))" }.joined()
      let part = (0...next(20)).map { _ in "\(next(10))" }.joined()
      let text = "\(whole).\(part)e\(next(80) - 40)"
      #expect(scan(text)?.value == strtod(text, nil), "\(text)")
    }
  }

  @Test func `overflows to infinity`() {
    #expect(scan("1e400")?.value == .infinity)
    #expect(scan("-1e999999999999999999999")?.value == -.infinity)
    #expect(scan("1e-400")?.value == 0)
  }

  @Test(arguments: ["", "-", "+1", ".5", "1.", "1e", "1e-", "e5", "nan", "inf", "x"])
  func `rejects other spellings`(text: String) { #expect(scan(text) == nil) }

  @Test(arguments: [("1 ", 1), ("12,", 2), ("0123", 1), ("1.5.2", 3), ("1e5e", 3)])
  func `stops after the number`(text: String, end: Int) { #expect(scan(text)?.end == end) }
}

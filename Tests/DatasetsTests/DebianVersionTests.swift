import Testing

@testable import Datasets

@Suite struct DebianVersionTests {
  /// From `dpkg --compare-versions` of dpkg 1.21.22: -1 for lt, 1 for gt, 0 for eq.
  @Test(arguments: [
    ("1.0", "1.0", 0), ("1.0", "1.1", -1), ("1:0.1", "2.0", 1), ("1.0~rc1", "1.0", -1),
    ("1.0~rc1-1", "1.0~rc2-1", -1), ("1.0-1", "1.0-1+b1", -1), ("1.0-1~deb12u1", "1.0-1", -1),
    ("1.2.3", "1.2.10", -1), ("1.09", "1.9", 0), ("1.a", "1.+", -1), ("1.0a", "1.0", 1),
    ("2.0-1-3", "2.0-2-1", -1), ("1.0+dfsg", "1.0.1", -1), ("0:1.0", "1.0", 0),
    ("1.0", "1.0-0", 0), ("1.0~~", "1.0~", -1), ("a9", "a10", -1), ("9", "a", -1),
    ("1.0.", "1.0a", 1), ("1.0~", "1.0-~", -1), ("7.4.052-1", "7.4.52-1", 0),
  ])
  func `orders versions like dpkg`(left: String, right: String, order: Int) {
    let (left, right) = (DebianVersion(left), DebianVersion(right))
    #expect((left < right) == (order < 0))
    #expect((right < left) == (order > 0))
    #expect((left == right) == (order == 0))
  }
}

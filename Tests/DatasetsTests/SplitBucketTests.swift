import Datasets
import Testing

@Suite struct SplitBucketTests {
  /// From Python: `int(hashlib.sha1(name.encode()).hexdigest()[:8], 16) % 100`.
  @Test(arguments: [
    ("0ad", 97),
    ("0ad-data", 79),
    ("bash", 61),
    ("glibc", 68),
    ("gcc-12", 40),
    ("linux", 99),
    ("é", 65),
  ])
  func `buckets match the recorded baselines`(name: String, number: Int) {
    let bucket = SplitBucket(of: name)
    #expect(bucket.number == number)
    #expect(bucket.isTest == (number < 20))
    #expect(bucket.isValidation == (number >= 20 && number < 28))
  }
}

import Foundation
import Storage
import Streams
import TestSupport
import Testing

@Suite struct ADWINDetectorTests {
  struct Case: Decodable {
    var clock: Int
    var confidence: Double
    var stream: [Double]
    var alarms: [Int]
    var widths: [Int]
    var means: [Double]
    var variances: [Double]
  }

  @Test func `agrees with River`() throws {
    for one in try streamCases(Case.self, "ADWINDetector") {
      var detector = ADWINDetector(.init(confidence: one.confidence, clock: one.clock))
      var alarms: [Int] = []
      var widths: [Int] = []
      var means: [Double] = []
      var variances: [Double] = []
      for (index, value) in one.stream.enumerated() {
        if detector.add(value) { alarms.append(index) }
        guard index % 20 == 0 else { continue }
        widths.append(detector.width)
        means.append(detector.mean)
        variances.append(detector.variance)
      }
      #expect(alarms == one.alarms, "clock \(one.clock)")
      #expect(widths == one.widths, "clock \(one.clock)")
      expectClose(means, one.means, "means, clock \(one.clock)")
      expectClose(variances, one.variances, "variances, clock \(one.clock)")
    }
  }

  @Test func `mean and variance match the window`() {
    var random = SplitMix64(3)
    let values = random.doubles(257)
    var detector = ADWINDetector(.init(confidence: 1e-12))
    for value in values { detector.add(value) }
    let mean = values.reduce(0, +) / 257
    expectClose(detector.mean, mean)
    expectClose(
      detector.variance, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 257)
    #expect(detector.width == 257)
  }

  @Test func `a constant stream never alarms`() {
    var detector = ADWINDetector(.init(clock: 1))
    for _ in 0..<5000 { detector.add(0.25) }
    #expect(detector.width == 5000 && detector.detections == 0)
  }

  @Test func `drops the window before a change`() {
    var detector = ADWINDetector()
    for index in 0..<2000 { detector.add(index < 1000 ? 0 : 1) }
    #expect(detector.detections > 0)
    #expect(detector.mean > 0.99)
    #expect(detector.width < 1100)
  }

  @Test func `round-trips through Codable`() throws {
    var detector = ADWINDetector()
    for index in 0..<500 { detector.add(Double(index % 7)) }
    var copy = try JSONDecoder().decode(
      ADWINDetector.self, from: JSONEncoder().encode(detector))
    #expect(copy == detector)
    for index in 0..<100 {
      copy.add(Double(index))
      detector.add(Double(index))
    }
    #expect(copy == detector)
  }

  @Test func `traps on confidence 0 and NaN`() async {
    await #expect(processExitsWith: .failure) { _ = ADWINDetector(.init(confidence: 0)) }
    await #expect(processExitsWith: .failure) {
      var detector = ADWINDetector()
      detector.add(.nan)
    }
  }
}

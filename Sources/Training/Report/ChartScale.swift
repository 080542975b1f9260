import Foundation

/// One axis of a chart: from where to where, and the round numbers between.
struct ChartScale {
  let lower: Double
  let upper: Double
  let ticks: [Double]
  /// Digits behind the point that tell the ticks apart.
  let places: Int

  /// Covers `values`, widened to round numbers; [0, 1] without any.
  ///
  /// - Parameter includingZero: whether it begins at 0 where all values are above.
  init(covering values: [Double], includingZero: Bool = false, tickCount: Int = 5) {
    // Beyond, differences overflow; a damaged run may say anything.
    let finite = values.filter { abs($0) < 1e300 }
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    if includingZero { (low, high) = (min(low, 0), max(high, 0)) }
    if high - low < 1e-12 * max(1, abs(high), abs(low)) {
      // One value has no extent of its own.
      let margin = high == 0 ? 1 : abs(high) / 2
      (low, high) = (includingZero ? min(0, low) : low - margin, high + margin)
    }
    let rough = (high - low) / Double(max(1, tickCount))
    let power = pow(10, floor(log10(rough)))
    let step = ([1, 2, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10) * power
    let (first, last) = ((low / step + 1e-9).rounded(.down), (high / step - 1e-9).rounded(.up))
    lower = first * step
    upper = last * step
    ticks = (0...max(1, Int(last - first))).map { (first + Double($0)) * step }
    places = max(0, -Int(floor(log10(step) + 1e-9)))
  }

  /// An axis with ticks of its own.
  init(lower: Double, upper: Double, ticks: [Double], places: Int = 0) {
    self.lower = lower
    self.upper = upper
    self.ticks = ticks
    self.places = places
  }

  /// Where `value` lies between both ends, from 0 to 1.
  func share(_ value: Double) -> Double {
    min(1, max(0, (value - lower) / (upper - lower)))
  }

  /// A tick in digits.
  func label(_ tick: Double) -> String {
    // Without the minus of a rounded zero.
    String(format: "%.\(places)f", tick == 0 ? 0 : tick)
  }
}

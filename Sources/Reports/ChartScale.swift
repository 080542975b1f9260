import Foundation

/// One axis of a chart: its range and its ticks at round numbers.
struct ChartScale {
  let lower: Double
  let upper: Double
  let ticks: [Double]
  /// The number of decimals that distinguishes the ticks.
  let places: Int

  /// Covers `values`, extended to round numbers; [0, 1] without values.
  ///
  /// - Parameter includingZero: whether the axis starts at 0 if all values are positive.
  init(covering values: [Double], includingZero: Bool = false, tickCount: Int = 5) {
    // Larger values would overflow differences; a damaged run may contain any number.
    let finite = values.filter { abs($0) < 1e300 }
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    if includingZero { (low, high) = (min(low, 0), max(high, 0)) }
    if high - low < 1e-12 * max(1, abs(high), abs(low)) {
      // A single value has no extent.
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

  /// An axis with custom ticks.
  init(lower: Double, upper: Double, ticks: [Double], places: Int = 0) {
    self.lower = lower
    self.upper = upper
    self.ticks = ticks
    self.places = places
  }

  /// The relative position of `value` between both ends, from 0 to 1.
  func share(_ value: Double) -> Double {
    min(1, max(0, (value - lower) / (upper - lower)))
  }

  /// The text of a tick.
  func label(_ tick: Double) -> String {
    // Avoids “-0” for a rounded zero.
    String(format: "%.\(places)f", tick == 0 ? 0 : tick)
  }
}

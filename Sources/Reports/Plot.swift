public import Evaluation

/// A chart in a standalone SVG file, for example for a README.
///
/// It includes its colours, for light and dark pages.
public struct Plot: Sendable {
  /// Values at the positions of the x axis.
  public struct Series: Sendable {
    /// Its name in the legend.
    public var name: String
    /// A mean and a standard deviation per position; nil leaves the position empty.
    public var values: [(mean: Double, deviation: Double)?]

    /// Creates a series.
    public init(name: String, values: [(mean: Double, deviation: Double)?]) {
      self.name = name
      self.values = values
    }
  }

  /// The SVG text.
  public let svg: String

  /// Plots values at named positions, with error bars of one standard deviation.
  ///
  /// - Parameter joinsPlaces: whether a line connects the positions, for example if they are sizes.
  public init(
    title: String, xName: String, yName: String, places: [String], series: [Series],
    joinsPlaces: Bool = true
  ) {
    let all = series.flatMap(\.values).compactMap { $0 }
    var chart = SVGChart(
      title: title,
      x: ChartScale(
        lower: -0.5, upper: Double(places.count) - 0.5, ticks: places.indices.map { Double($0) }),
      y: ChartScale(covering: all.flatMap { [$0.mean - $0.deviation, $0.mean + $0.deviation] }),
      xName: xName, yName: yName)
    let legend = Self.legend(series.map(\.name), of: &chart)
    var content: Markup = ""
    for (index, line) in series.enumerated() {
      // Side by side, so that error bars do not overlap.
      let shift = series.count > 1 ? 0.16 * (Double(index) / Double(series.count - 1) - 0.5) : 0
      let points = line.values.enumerated().compactMap { place, value in
        value.map { (x: chart.across(Double(place) + shift), y: $0, place: places[place]) }
      }
      let colour = index % SVGChart.colourCount
      let path = points.enumerated().map { place, point -> Markup in
        "\(place == 0 ? "M" : "L")\(point.x, 1) \(chart.down(point.y.mean), 1)"
      }
      if joinsPlaces { content += "<path class=\"line c\(colour)\" d=\"\(path.joined())\"/>" }
      for point in points {
        let (low, high) = (point.y.mean - point.y.deviation, point.y.mean + point.y.deviation)
        content += """
          <path class="line c\(colour)" d="M\(point.x, 1) \(chart.down(low), 1)\
          V\(chart.down(high), 1)"/><path class="dot c\(colour)" d="M\(point.x, 1) \
          \(chart.down(point.y.mean), 1)h0"><title>\(line.name), \(point.place): \
          \(point.y.mean, 2) ± \(point.y.deviation, 2)</title></path>
          """
      }
    }
    svg = chart.svg("\(content)\(legend)", xLabels: places, style: Self.style).html
  }

  /// Plots the cosines of matching pairs and of other pairs as two overlaid histograms.
  public init(title: String, histogram: SimilarityHistogram) {
    let bins = histogram.positives.count
    func shares(_ counts: [Int], of total: Int) -> [Double] {
      counts.map { Double($0) / Double(max(1, total)) * 100 }
    }
    let heaps = [
      ("together", shares(histogram.positives, of: histogram.positiveCount)),
      ("apart", shares(histogram.negatives, of: histogram.negativeCount)),
    ]
    var chart = SVGChart(
      title: title, x: ChartScale(covering: [-1, 1], tickCount: 8),
      y: ChartScale(covering: heaps.flatMap(\.1), includingZero: true), xName: "cosine",
      yName: "% of the pairs")
    let legend = Self.legend(heaps.map(\.0), of: &chart)
    var content: Markup = ""
    for (index, heap) in heaps.enumerated() {
      var path: Markup = "M\(chart.across(-1), 1) \(chart.down(0), 1)"
      for (bin, share) in heap.1.enumerated() {
        let right = -1 + 2 * Double(bin + 1) / Double(bins)
        path += "V\(chart.down(share), 1)H\(chart.across(right), 1)"
      }
      content += "<path class=\"heap c\(index)\" d=\"\(path)V\(chart.down(0), 1)Z\"/>"
    }
    svg = chart.svg("\(content)\(legend)", style: Self.style).html
  }

  /// Draws the legend above the axes, which move down to make room.
  private static func legend(_ names: [String], of chart: inout SVGChart) -> Markup {
    guard names.count > 1 else { return "" }
    var (x, y) = (chart.left, 14.0)
    var result: Markup = ""
    for (index, name) in names.enumerated() {
      let width = 30 + 6.6 * Double(name.count)
      if x > chart.left, x + width > chart.width { (x, y) = (chart.left, y + 18) }
      result += """
        <path class="dot c\(index % SVGChart.colourCount)" d="M\(x + 5, 1) \(y - 4, 1)h0"/>\
        <text x="\(x + 14, 1)" y="\(y, 1)">\(name)</text>
        """
      x += width
    }
    chart.top = y + 14
    chart.height += y
    return result
  }

  private static let style: Markup = """
    :root { --ink: #1c2128; --soft: #5c6570; --line: #d5dae0; --c0: #2f6fde; --c1: #d1681d; --c2: #16865a; --c3: #b83280; --c4: #7a52c7; --c5: #0b8299; --c6: #9a7500; --c7: #b23b33 }
    @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa5b1; --line: #363d47; --c0: #6ea3ff; --c1: #f29a55; --c2: #46c993; --c3: #f27cbb; --c4: #b394f4; --c5: #45c4dc; --c6: #d9b840; --c7: #f2827a } }
    text { fill: var(--soft); font: 12px system-ui, sans-serif }
    text.name { font-size: 13px; fill: var(--ink) }
    .grid { stroke: var(--line); fill: none }
    .axis { stroke: var(--soft); fill: none }
    .line { fill: none; stroke: var(--c); stroke-width: 2 }
    .dot { fill: none; stroke: var(--c); stroke-width: 7; stroke-linecap: round }
    .heap { fill: var(--c); fill-opacity: .35; stroke: var(--c) }
    .c0 { --c: var(--c0) } .c1 { --c: var(--c1) } .c2 { --c: var(--c2) } .c3 { --c: var(--c3) }
    .c4 { --c: var(--c4) } .c5 { --c: var(--c5) } .c6 { --c: var(--c6) } .c7 { --c: var(--c7) }
    """
}

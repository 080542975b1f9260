/// A bar chart.
struct BarChart {
  /// One bar.
  struct Bar {
    /// The label below it.
    package var name: String
    /// Its height; nil for no bar.
    var value: Double?
    /// Its tooltip.
    var remark: String
  }

  var title: String
  var xName: String
  var yName: String
  var bars: [Bar]

  func svg() -> Markup {
    let count = Double(max(1, bars.count))
    let chart = SVGChart(
      title: title,
      x: ChartScale(lower: 0, upper: count, ticks: bars.indices.map { Double($0) + 0.5 }),
      y: ChartScale(covering: bars.compactMap(\.value), includingZero: true), xName: xName,
      yName: yName)
    let width = (chart.width - chart.left - chart.right) / count * 0.7
    let content = bars.enumerated().map { index, bar -> Markup in
      guard let value = bar.value, value.isFinite else { return "" }
      let (low, high) = (chart.down(0), chart.down(value))
      return """
        <rect class="c0" x="\(chart.across(Double(index) + 0.5) - width / 2, 1)" y="\(high, 1)" \
        width="\(width, 1)" height="\(low - high, 1)"><title>\(bar.remark)</title></rect>
        """
    }
    return chart.svg(content.joined(), xLabels: bars.map(\.name))
  }
}

/// A line chart with one line per series.
struct LineChart {
  /// One line.
  struct Series {
    package var name: String
    /// By ascending x.
    var points: [(x: Double, y: Double)]
  }

  var title: String
  var xName: String
  var yName: String
  var series: [Series]
  /// A position on the x axis to mark, with its name.
  var mark: (x: Double, name: String)?

  func svg() -> Markup {
    let all = series.flatMap(\.points)
    let (first, last) = (all.map(\.x).min() ?? 0, all.map(\.x).max() ?? 1)
    let chart = SVGChart(
      title: title, width: 460, x: Self.wholeNumbers(from: first, to: last),
      y: ChartScale(covering: all.map(\.y)), xName: xName, yName: yName)
    var content: Markup = ""
    if let mark {
      content += """
        <path class="mark" d="M\(chart.across(mark.x), 1) \(chart.top, 1)V\
        \(chart.height - chart.bottom, 1)"><title>\(mark.name)</title></path>
        """
    }
    for (index, series) in series.enumerated() {
      let colour = index % SVGChart.colourCount
      let finite = series.points.filter { $0.y.isFinite }
      let path = finite.enumerated().map { place, point -> Markup in
        "\(place == 0 ? "M" : "L")\(chart.across(point.x), 1) \(chart.down(point.y), 1)"
      }
      if finite.count > 1 { content += "<path class=\"line c\(colour)\" d=\"\(path.joined())\"/>" }
      content += "<g class=\"dot c\(colour)\">"
      for point in finite {
        content += """
          <path d="M\(chart.across(point.x), 1) \(chart.down(point.y), 1)h0"><title>\(series.name), \
          \(xName) \(point.x, 0): \(point.y, 4)</title></path>
          """
      }
      content += "</g>"
    }
    let legend: Markup = series.count > 1 ? SVGChart.legend(series.map(\.name)) : ""
    return "\(chart.svg(content))\(legend)"
  }

  /// An axis for epochs: ticks at whole numbers only.
  private static func wholeNumbers(from first: Double, to last: Double) -> ChartScale {
    guard last > first else {
      return ChartScale(lower: first - 0.5, upper: first + 0.5, ticks: [first])
    }
    let step = max(1, ((last - first) / 10).rounded(.up))
    return ChartScale(
      lower: first, upper: last, ticks: Array(stride(from: first, through: last, by: step)))
  }
}

import Foundation

/// The frame of a chart: two axes with ticks and names, and the area for the content.
///
/// Colours are classes of the page's style sheet, which adapts to light and dark mode.
struct SVGChart {
  var title: String
  var width = 640.0
  var height = 280.0
  var left = 58.0
  var right = 16.0
  var top = 14.0
  var bottom = 46.0
  var x: ChartScale
  var y: ChartScale
  var xName: String
  var yName: String

  /// The number of colours for series: classes `c0` to `c7`.
  static let colourCount = 8

  /// The horizontal position in drawing units.
  func across(_ value: Double) -> Double { left + x.share(value) * (width - left - right) }

  /// The vertical position in drawing units.
  func down(_ value: Double) -> Double {
    height - bottom - y.share(value) * (height - top - bottom)
  }

  /// The chart with `content` between its axes.
  ///
  /// - Parameters:
  ///   - xLabels: names that replace the numbers at the ticks of the x axis.
  ///   - style: embedded style rules, for a standalone file; nil within a page.
  func svg(_ content: Markup, xLabels: [String]? = nil, style: Markup? = nil) -> Markup {
    var lines: Markup = ""
    for tick in y.ticks {
      lines += """
        <path class="grid" d="M\(left, 1) \(down(tick), 1)H\(width - right, 1)"/>\
        <text class="tick" x="\(left - 7, 1)" y="\(down(tick) + 4, 1)" text-anchor="end">\
        \(y.label(tick))</text>
        """
    }
    for (index, tick) in x.ticks.enumerated() {
      lines += """
        <path class="axis" d="M\(across(tick), 1) \(height - bottom, 1)v4"/>\
        <text class="tick" x="\(across(tick), 1)" y="\(height - bottom + 17, 1)" \
        text-anchor="middle">\(xLabels?[index] ?? x.label(tick))</text>
        """
    }
    let rules = style.map { style -> Markup in "<style>\n\(style)\n</style>" } ?? ""
    let namespace: Markup = style == nil ? "" : "xmlns=\"http://www.w3.org/2000/svg\" "
    return """
      <svg \(namespace)viewBox="0 0 \(width, 0) \(height, 0)" width="\(width, 0)" \
      height="\(height, 0)" role="img" aria-label="\(title)">\
      \(rules)\
      \(lines)<path class="axis" d="M\(left, 1) \(top, 1)V\(height - bottom, 1)H\(width - right, 1)"/>\
      \(content)\
      <text class="name" x="\((left + width - right) / 2, 1)" y="\(height - 8, 1)" \
      text-anchor="middle">\(xName)</text>\
      <text class="name" transform="translate(14 \((top + height - bottom) / 2, 1)) rotate(-90)" \
      text-anchor="middle">\(yName)</text></svg>

      """
  }

  /// The legend of the colours.
  static func legend(_ names: [String]) -> Markup {
    let items = names.enumerated().map { index, name -> Markup in
      "<span><i class=\"c\(index % colourCount)\"></i>\(name)</span>"
    }
    return "<p class=\"legend\">\(items.joined())</p>\n"
  }
}

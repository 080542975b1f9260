import Evaluation
import Foundation

/// Plots the observed frequency of predicted probabilities against the probabilities.
///
/// One point per bin, its area proportional to the number of probabilities; below, bars of the same
/// counts. On the dashed line probabilities are exactly calibrated.
struct ReliabilityChart {
  var title: String
  var bins: [CalibrationError.Bin]

  func svg() -> Markup {
    let share = ChartScale(
      lower: 0, upper: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], places: 1)
    let chart = SVGChart(
      title: title, width: 420, height: 420, bottom: 110, x: share, y: share,
      xName: "probability (below: counts, logarithmic)", yName: "observed frequency")
    let largest = Double(bins.map(\.count).max() ?? 1)
    var content: Markup = """
      <path class="mark" d="M\(chart.across(0), 1) \(chart.down(0), 1)L\(chart.across(1), 1) \
      \(chart.down(1), 1)"/>
      """
    let width = (chart.width - chart.left - chart.right) / Double(max(1, bins.count))
    let ground = chart.height - 30
    for (index, bin) in bins.enumerated() where bin.count > 0 {
      let part = Double(bin.count) / largest
      // Logarithmic, because most label probabilities are close to 0.
      let height = 44 * log1p(Double(bin.count)) / log1p(largest)
      let remark: Markup = """
        <title>\(grouped(bin.count)) probabilities, mean \(bin.meanProbability, 3), observed \
        frequency \(bin.frequency, 3)</title>
        """
      content += """
        <circle class="c0" cx="\(chart.across(bin.meanProbability), 1)" \
        cy="\(chart.down(bin.frequency), 1)" r="\(3 + 7 * part.squareRoot(), 1)">\(remark)</circle>\
        <rect class="c0 faint" x="\(chart.left + Double(index) * width + 1, 1)" \
        y="\(ground - height, 1)" width="\(width - 2, 1)" height="\(height, 1)">\(remark)</rect>
        """
    }
    return chart.svg(content)
  }
}

import Evaluation
import Foundation
import Reports
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct PlotTests {
  /// Fails for anything but XML.
  private func parse(_ svg: String) throws -> XMLElement {
    try #require(try XMLDocument(xmlString: svg, options: []).rootElement())
  }

  @Test func `draws lines with error bars and a legend`() throws {
    let plot = Plot(
      title: "a < b", xName: "batch", yName: "accuracy (%)", places: ["16", "64"],
      series: [
        .init(name: "InfoNCE & co", values: [(80, 1), nil]),
        .init(name: "DCL", values: [(90, 0.5), (91, 0)]),
      ])
    let root = try parse(plot.svg)
    #expect(root.name == "svg")
    #expect(plot.svg.contains("xmlns=\"http://www.w3.org/2000/svg\""))
    #expect(plot.svg.contains("<title>DCL, 64: 91.00 ± 0.00</title>"))
    #expect(plot.svg.contains("InfoNCE &amp; co</text>"))
    #expect(plot.svg.contains("prefers-color-scheme: dark"))
    // Three bars and two lines; without the lines, the bars are left.
    #expect(plot.svg.components(separatedBy: "class=\"line").count == 1 + 3 + 2)
    let apart = Plot(
      title: "", xName: "", yName: "", places: ["a", "b"],
      series: [.init(name: "", values: [(80, 1), (81, 1)])], joinsPlaces: false)
    #expect(apart.svg.components(separatedBy: "class=\"line").count == 1 + 2)
  }

  @Test func `draws cosine histograms`() throws {
    var histogram = SimilarityHistogram(binCount: 4)
    histogram.add(0.9, isPositive: true)
    histogram.add(-0.2, isPositive: false)
    let plot = Plot(title: "cosines", histogram: histogram)
    #expect(try parse(plot.svg).name == "svg")
    #expect(plot.svg.components(separatedBy: "class=\"heap").count == 3)
  }

  @Test func `draws an empty plot`() throws {
    let plot = Plot(title: "", xName: "", yName: "", places: [], series: [])
    #expect(try parse(plot.svg).name == "svg")
  }
}

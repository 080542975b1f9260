import Evaluation
import Foundation
import Testing
import Training

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct PlotTests {
  /// Fails for what is no XML.
  private func parse(_ svg: String) throws -> XMLElement {
    try #require(try XMLDocument(xmlString: svg, options: []).rootElement())
  }

  @Test func `lines stand alone, with bars and a legend`() throws {
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
  }

  @Test func `heaps of cosines are drawn`() throws {
    var histogram = SimilarityHistogram(binCount: 4)
    histogram.add(0.9, isPositive: true)
    histogram.add(-0.2, isPositive: false)
    let plot = Plot(title: "cosines", histogram: histogram)
    #expect(try parse(plot.svg).name == "svg")
    #expect(plot.svg.components(separatedBy: "class=\"heap").count == 3)
  }

  @Test func `nothing to draw is still a drawing`() throws {
    let plot = Plot(title: "", xName: "", yName: "", places: [], series: [])
    #expect(try parse(plot.svg).name == "svg")
  }
}

import Storage
import TestSupport
import Testing

@testable import Reports

@Suite struct MarkupTests {
  @Test func `escapes interpolated text`() {
    let hostile = "<script>alert(\"1\" & '2')</script>\u{0}\u{7}"
    let markup: Markup = "<td title=\"\(hostile)\">\(hostile)</td>"
    let escaped =
      "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;\u{FFFD}\u{FFFD}"
    #expect(markup.html == "<td title=\"\(escaped)\">\(escaped)</td>")
    let inner: Markup = "<b>\(1)</b>"
    let outer: Markup = "<p>\(inner)\(2.345, 1)\(Double.nan, 1)\(nil, 2)</p>"
    #expect(outer.html == "<p><b>1</b>2.3––</p>")
    #expect([inner, inner].joined().html == "<b>1</b><b>1</b>")
    #expect(Markup.escaped("ä 漢\n\t") == "ä 漢\n\t")
  }

  @Test func `groups digits and truncates snippets`() {
    #expect(
      [0, 999, 1000, 1_234_567, -1000].map(grouped) == ["0", "999", "1,000", "1,234,567", "−1,000"])
    #expect("one\n two  three".snippet(20) == "one two three")
    #expect("one two three".snippet(8) == "one two…")
  }

  @Test func `axes have round ticks around all values`() {
    let scale = ChartScale(covering: [0.13, 0.87])
    expectClose(scale.ticks, [0, 0.2, 0.4, 0.6, 0.8, 1])
    #expect(scale.ticks.map(scale.label) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(scale.share(0.5) == 0.5 && scale.share(7) == 1 && scale.share(-7) == 0)
    expectClose(
      ChartScale(covering: [31, 96], includingZero: true).ticks, [0, 20, 40, 60, 80, 100])
    for values in [[], [5.0], [0, 0], [.nan, 3], [1e-9, 2e-9], [-4, -3]] {
      let scale = ChartScale(covering: values)
      #expect(scale.upper > scale.lower && scale.ticks.count >= 2 && scale.ticks.count < 12)
      for value in values where value.isFinite {
        #expect(scale.lower <= value * (value < 0 ? 1 : 1) + 1e-12 && value <= scale.upper + 1e-12)
      }
    }
  }
}

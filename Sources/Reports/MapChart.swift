import Evaluation
import Storage

/// Documents and labels as points in a plane.
struct MapChart {
  /// A document.
  struct Dot {
    var place: PlanePoint
    /// The index of its colour; nil for grey.
    var colour: Int?
    /// Its tooltip.
    var remark: String
  }

  /// A label.
  struct Sign {
    var place: PlanePoint
    package var name: String
    /// Its colour; nil for grey, with the name in a tooltip only.
    var colour: Int?
  }

  var title: String
  var dots: [Dot]
  var signs: [Sign]

  private static let size = 720.0
  private static let margin = 24.0
  private static let lineHeight = 15.0

  func svg() -> Markup {
    let places = dots.map(\.place) + signs.map(\.place)
    let xs = places.map(\.x)
    let ys = places.map(\.y)
    let (low, left) = (ys.min() ?? 0, xs.min() ?? 0)
    let extent = max((xs.max() ?? 0) - left, (ys.max() ?? 0) - low, 1e-12)
    let scale = (Self.size - 2 * Self.margin) / extent
    // The same scale for both axes, so that distances are comparable.
    let height = ((ys.max() ?? 0) - low) * scale + 2 * Self.margin
    func across(_ point: PlanePoint) -> Double { Self.margin + (point.x - left) * scale }
    func down(_ point: PlanePoint) -> Double { height - Self.margin - (point.y - low) * scale }

    var content: Markup = ""
    let groups = Dictionary(grouping: dots) { $0.colour ?? -1 }
    // Grey points are drawn first, below the others.
    for (colour, own) in groups.sorted(by: { $0.key < $1.key }) {
      content += colour < 0 ? "<g class=\"dot rest\">" : "<g class=\"dot c\(colour)\">"
      for dot in own {
        content += """
          <path d="M\(across(dot.place), 1) \(down(dot.place), 1)h0"><title>\(dot.remark)</title></path>
          """
      }
      content += "</g>"
    }
    for sign in signs where sign.colour == nil {
      content += Self.diamond(across(sign.place), down(sign.place), sign, "sign rest")
    }
    var taken: [(x: Range<Double>, y: Double)] = []
    for sign in signs {
      guard let colour = sign.colour else { continue }
      let (x, y) = (across(sign.place), down(sign.place))
      content += Self.diamond(x, y, sign, "sign c\(colour)")
      let name = sign.name.snippet(28)
      // The approximate width of a letter; fonts differ.
      let width = 7.5 * Double(name.count)
      let isAtTheRight = x + 9 + width > Self.size
      let span = isAtTheRight ? (x - 9 - width)..<(x - 9) : (x + 9)..<(x + 9 + width)
      var line = y + 4
      // Moves a name down until it overlaps no other.
      while taken.contains(where: { $0.x.overlaps(span) && abs($0.y - line) < Self.lineHeight }) {
        line += Self.lineHeight / 2
      }
      taken.append((span, line))
      content += """
        <text class="sign" x="\(isAtTheRight ? x - 9 : x + 9, 1)" y="\(line, 1)" \
        text-anchor="\(isAtTheRight ? "end" : "start")">\(name)</text>
        """
    }
    return """
      <svg class="map" viewBox="0 0 \(Self.size, 0) \(height, 0)" width="\(Self.size, 0)" \
      height="\(height, 0)" role="img" aria-label="\(title)">\(content)</svg>

      """
  }

  private static func diamond(_ x: Double, _ y: Double, _ sign: Sign, _ kind: String) -> Markup {
    """
    <path class="\(kind)" d="M\(x, 1) \(y - 6, 1)l6 6l-6 6l-6 -6z"><title>\(sign.name)</title></path>
    """
  }
}

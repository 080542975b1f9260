import Datasets
import Evaluation
import Models
import Storage
import Torch

/// A sample of documents and the most frequent labels, projected to a plane by their embeddings.
struct EmbeddingMap {
  /// A projection to the plane.
  struct Layout {
    var dots: [MapChart.Dot]
    var signs: [MapChart.Sign]
    /// The share of map neighbours that are true neighbours, as trustworthiness.
    var trustworthiness: Double
  }

  /// By the first two principal components.
  let principal: Layout
  /// By nearest neighbours.
  let neighbours: Layout
  /// The share of variance explained by both axes.
  let variance: Double
  /// The labels of the colours.
  let colours: [String]
  /// The number of documents shown.
  let documents: Int
  /// Whether these are all documents.
  let isSample: Bool

  /// The number of labels to show.
  private static let labelCount = 60

  /// Projects at most `size` documents.
  ///
  /// - Throws: the errors of embedding; `TorchError`.
  init(_ model: TrainedModel, _ judged: JudgedDocuments, size: Int) throws {
    var random = SplitMix64(model.configuration.seed, 0x6d61_7020)
    let count = judged.rows.count
    let chosen = (0..<count).shuffled(using: &random).prefix(size).sorted()
    documents = chosen.count
    isSample = chosen.count < count
    let vectors = try checked {
      try model.documentEmbeddings(
        ofRows: MappedArray(chosen.map { judged.rows[$0] }), in: judged.dataset, at: judged.path)
    }.normalized()
    // Directions only: lengths differ between documents and labels and express confidence.
    let known = model.labelIDs.count
    let frequent = (0..<known).filter { judged.labelCounts[$0] > 0 }
      .sorted { (-judged.labelCounts[$0], $0) < (-judged.labelCounts[$1], $1) }
      .prefix(Self.labelCount)
    let labels =
      frequent.isEmpty
      ? nil
      : model.labelEmbeddings.gathered(rows: Tensor(frequent.map { Int64($0) })).normalized()

    // A document has the colour of its most frequent label; colours go to the labels that lead most
    // documents.
    let leading = chosen.map { row in
      judged.truth(ofRow: row).min {
        (-judged.labelCounts[$0], $0) < (-judged.labelCounts[$1], $1)
      }
    }
    var coloured: [Int: Int] = [:]
    for label in leading { if let label { coloured[label, default: 0] += 1 } }
    let palette = coloured.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }
      .prefix(SVGChart.colourCount).map(\.key)
    colours = palette.map(judged.shown)
    let remarks = chosen.map { row in
      let own = judged.truth(ofRow: row)
      let names = own.prefix(4).map { judged.shown($0).snippet(40) }.joined(separator: ", ")
      return judged.name(ofRow: row).snippet(50) + " " + judged.snippet(ofRow: row, length: 60)
        + (own.isEmpty ? "" : ": " + names) + (own.count > 4 ? ", …" : "")
    }

    func layout(_ places: [PlanePoint], _ labelPlaces: [PlanePoint]) -> Layout {
      Layout(
        dots: places.indices.map { index in
          .init(
            place: places[index], colour: leading[index].flatMap { palette.firstIndex(of: $0) },
            remark: remarks[index])
        },
        signs: zip(frequent, labelPlaces).map { label, place in
          .init(
            place: place, name: judged.shown(label), colour: palette.firstIndex(of: label))
        },
        trustworthiness: Trustworthiness()(of: places, vectors: vectors))
    }
    let axes = try PrincipalAxes(of: vectors)
    variance = axes.shares.reduce(0, +)
    principal = layout(axes(vectors), labels.map { axes($0) } ?? [])
    let places = try NeighbourLayout()(vectors, seed: model.configuration.seed)
    neighbours = layout(places, Self.middles(of: labels, among: vectors, at: places))
  }

  /// Places each label at the mean position of its nearest documents, because labels are not
  /// embedded in the map.
  private static func middles(
    of labels: Tensor?, among vectors: Tensor, at places: [PlanePoint]
  ) -> [PlanePoint] {
    guard let labels, !places.isEmpty else { return [] }
    let similarities = labels.matmul(vectors.transposed()).contiguous().doubles()
    let count = places.count
    return (0..<labels.size(along: 0)).map { label in
      let own = similarities[(label * count)..<((label + 1) * count)]
      let nearest = (0..<count).sorted {
        (-own[own.startIndex + $0], $0) < (-own[own.startIndex + $1], $1)
      }.prefix(15)
      let share = 1 / Double(nearest.count)
      return nearest.reduce(into: PlanePoint(x: 0, y: 0)) {
        $0.x += places[$1].x * share
        $0.y += places[$1].y * share
      }
    }
  }
}

extension TrainedModel {
  /// The embeddings of some documents of a data set, `[N, D]`; of an ensemble, the first model's.
  func documentEmbeddings(ofRows rows: MappedArray<Int32>, in dataset: Dataset, at path: String)
    throws -> Tensor
  {
    let inputs = try inputs(ofRows: rows, in: dataset, at: path)
    return try scorer.embeddings(
      of: inputs[0].bags, vectors: inputs[0].vectors?.gathered(0..<rows.count))
  }
}

extension RunReport {
  /// The section with both maps.
  func mapSection(_ map: EmbeddingMap) -> Markup {
    let kinds: [(String, EmbeddingMap.Layout, String)] = [
      (
        "By neighbours", map.neighbours,
        "A UMAP-style projection: near points are similar, far distances mean little. Each label is "
          + "at the mean of the 15 documents nearest to its vector."
      ),
      (
        "By principal axes", map.principal,
        "The first two principal components of the documents, with "
          + "\(rounded(100 * map.variance, places: 1)) percent of their variance; labels by their "
          + "own vectors."
      ),
    ]
    let figures = kinds.map { name, layout, about -> Markup in
      """
      <figure><h3>\(name)</h3>
      \(MapChart(title: name, dots: layout.dots, signs: layout.signs).svg())\
      <figcaption>\(about) Trustworthiness \(layout.trustworthiness, 3) (1 if all neighbours on \
      the map are true neighbours).</figcaption></figure>

      """
    }
    let sample: Markup =
      map.isSample ? "A sample of \(grouped(map.documents))" : "All \(grouped(map.documents))"
    return """
      <p>\(sample) documents by the directions of their vectors, each in the colour of its most \
      frequent label; diamonds are the most frequent labels. Hover to see names.</p>
      \(SVGChart.legend(map.colours))\(figures.joined())
      """
  }
}

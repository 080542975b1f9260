import Datasets
import Evaluation
import Extreme
import Foundation
import Models
import Storage

/// Compares the most probable label with the Fréchet mean, for a run of `Benchmarks/geometry`.
struct Geometry: Decodable {
  var kind: String
  /// The labels that the model knows, followed by the others.
  var labels: [String]
  var seen: Int
  var parents: [Int?]?
  var vectors: [Float]?
  var dimension: Int?

  func metric() throws -> any LabelMetric {
    switch (kind, parents, vectors, dimension) {
    case ("path", _, _, _):
      try GraphLabelMetric(
        labelCount: labels.count, edges: (1..<order.count).map { (order[$0 - 1], order[$0]) })
    case ("tree", let parents?, _, _):
      try TreeLabelMetric(parents: parents, labelCount: labels.count)
    case ("vectors", _, let vectors?, let dimension?):
      try EmbeddingLabelMetric(vectors: vectors, dimension: dimension)
    default: throw InputError(file: "geometry", reason: "no data for the kind “\(kind)”")
    }
  }

  /// The labels of a path, ordered by the numbers in their names.
  private var order: [Int] {
    labels.indices.sorted { (Int(labels[$0]) ?? 0) < (Int(labels[$1]) ?? 0) }
  }
}

/// The mean squared distance to the nearest true label, and how often it is 0.
struct Score: Encodable {
  var squaredDistance = 0.0
  var accuracy = 0.0
  var documents = 0.0

  mutating func add(_ distance: Double, isRight: Bool) {
    squaredDistance += distance
    accuracy += isRight ? 100 : 0
    documents += 1
  }

  var mean: Score {
    let count = max(1, documents)
    return Score(
      squaredDistance: squaredDistance / count, accuracy: accuracy / count, documents: documents)
  }
}

/// Softmax probabilities of the documents' top scores at a temperature.
func probabilities(_ ranking: TopK, seen: Int, temperature: Double) -> CSRMatrix {
  var offsets: [Int64] = [0]
  var columns: [Int32] = []
  var values: [Float] = []
  for row in 0..<ranking.rowCount {
    let largest = Double(ranking.scores(ofRow: row).first ?? 0)
    for (label, score) in zip(ranking.labels(ofRow: row), ranking.scores(ofRow: row)) {
      columns.append(label)
      values.append(Float(exp((Double(score) - largest) / temperature)))
    }
    offsets.append(Int64(columns.count))
  }
  return CSRMatrix(
    rowOffsets: MappedArray(offsets), columns: MappedArray(columns), values: MappedArray(values),
    columnCount: seen)
}

func scores(
  _ predicted: [Int], truth: CSRMatrix, geometry: Geometry, metric: any LabelMetric
) -> [String: Score] {
  var result = ["all": Score(), "seen": Score(), "unseen": Score()]
  var rowsByLabel: [Int: [Int]] = [:]
  for (row, label) in predicted.enumerated() { rowsByLabel[label, default: []].append(row) }
  for (label, rows) in rowsByLabel {
    let distances = metric.squaredDistances(from: label)
    for row in rows {
      let own = truth.columns(ofRow: row)
      guard let distance = own.map({ distances[Int($0)] }).min() else { continue }
      let isRight = own.contains(Int32(label))
      result["all"]?.add(distance, isRight: isRight)
      let isUnseen = own.allSatisfy { Int($0) >= geometry.seen }
      result[isUnseen ? "unseen" : "seen"]?.add(distance, isRight: isRight)
    }
  }
  return result.mapValues(\.mean)
}

let arguments = CommandLine.arguments
if arguments.count == 2, arguments[1] == "time" {
  try timeLargeSpaces()
  exit(0)
}
guard arguments.count == 4 else {
  print("usage: GeometryBenchmark RUN DATA GEOMETRY.json | GeometryBenchmark time")
  exit(64)
}
let geometry = try JSONDecoder().decode(
  Geometry.self, from: Data(contentsOf: URL(filePath: arguments[3])))
let metric = try geometry.metric()
let model = try TrainedModel(folder: RunFolder(path: arguments[1]))
guard model.labelIDs == Array(geometry.labels.prefix(geometry.seen)) else {
  print("the labels of the geometry differ from those of the model")
  exit(65)
}
let loki = try Loki(metric: metric, observed: Array(0..<geometry.seen))

func means(_ ranking: TopK, _ temperature: Double) throws -> [Int] {
  try loki(probabilities(ranking, seen: geometry.seen, temperature: temperature)).map {
    $0?.label ?? 0
  }
}

// The temperature is tuned on the validation part, which has no unseen labels.
let validation = try model.evaluate(split: .validation)
var temperature = 1.0
var least = Double.infinity
for candidate in [0.25, 0.5, 1, 2, 4] {
  let score = scores(
    try means(validation.ranking, candidate), truth: validation.truth, geometry: geometry,
    metric: metric)
  if let distance = score["all"]?.squaredDistance, distance < least {
    (temperature, least) = (candidate, distance)
  }
}
let test = try model.evaluate(split: .test, datasetPath: arguments[2])
let likeliest = (0..<test.ranking.rowCount).map {
  Int(test.ranking.labels(ofRow: $0).first ?? 0)
}
let begun = ContinuousClock.now
let predicted = try means(test.ranking, temperature)
let seconds = Double((ContinuousClock.now - begun) / .milliseconds(1)) / 1000
struct Outcome: Encodable {
  var argmax, loki, lokiAtOne: [String: Score]
  var temperature, milliseconds: Double
}
let outcome = Outcome(
  argmax: scores(likeliest, truth: test.truth, geometry: geometry, metric: metric),
  loki: scores(predicted, truth: test.truth, geometry: geometry, metric: metric),
  lokiAtOne: scores(
    try means(test.ranking, 1), truth: test.truth, geometry: geometry, metric: metric),
  temperature: temperature,
  milliseconds: seconds * 1000 / Double(max(1, test.ranking.rowCount)))
print(String(decoding: try JSONEncoder().encode(outcome), as: UTF8.self))

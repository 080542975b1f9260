import Noise

/// Every default of the methods for imperfect labels, as property or as written, and whose it is.
let noiseDefaults = """
  ConfidentLearning.order | selfConfidence | ours
  NeighbourLabels.count | 10 | ours
  """

/// An instance of each with its defaults.
var noiseInstances: [String: Any] {
  ["ConfidentLearning": ConfidentLearning(), "NeighbourLabels": NeighbourLabels()]
}

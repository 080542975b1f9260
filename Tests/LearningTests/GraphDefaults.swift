import Graphs
import Torch

/// Every default of the methods over graphs, as property or as written, and whose it is.
let graphDefaults = """
  APPNP.edgeDropout | 0.5 | the authors' code
  APPNP.steps | 10 | the authors
  APPNP.teleport | 0.1 | the authors
  CorrectAndSmooth.correction | .init(share: 0.8, steps: 50) | ours
  CorrectAndSmooth.scale | nil | the authors' autoscale
  CorrectAndSmooth.smoothing | .init(share: 0.8, steps: 50) | ours
  DAGNN.hops | 10 | the authors, for Cora and CiteSeer
  GINConvolution.epsilon | Tensor.zeros([1]).requiringGradient() | the authors
  GraphAttention.averages | false | the authors
  GraphAttention.dropout | 0.0 | ours
  GraphAttention.heads | 1 | ours
  GraphAttention.slope | 0.2 | the authors
  GraphNetwork.attentionDropout | 0.6 | Veličković and others
  GraphNetwork.dropout | 0.5 | Kipf and Welling
  GraphNetwork.headWidth | 8 | Veličković and others
  GraphNetwork.heads | 8 | Veličković and others
  GraphNetwork.hidden | 16 | Kipf and Welling
  GraphNetwork.layers | 2 | Kipf and Welling
  GraphNetwork.outputHeads | 1 | Veličković and others
  GraphNetwork.usesELU | false | Kipf and Welling
  LabelPropagation.callAsFunction.constrained | { $0 } | ours
  LabelPropagation.share | 0.9 | ours
  LabelPropagation.steps | 50 | ours
  NodePerceptron.dropout | 0.5 | the authors of APPNP
  NodeTraining.epochs | 200 | Kipf and Welling
  NodeTraining.learningRate | 0.01 | Kipf and Welling
  NodeTraining.patience | 100 | Veličković and others
  NodeTraining.penalized | 0. | Kipf and Welling
  NodeTraining.weightPenalty | 0.0005 | Kipf and Welling
  """

/// An instance of each with its defaults.
var graphInstances: [String: Any] {
  [
    "CorrectAndSmooth": CorrectAndSmooth(),
    "GraphAttention": GraphAttention.Configuration(inputs: 2, outputs: 2),
    "LabelPropagation": LabelPropagation(), "NodeTraining": NodeTraining(),
  ]
}

import Graphs
import Torch

/// Every default of the methods over graphs, as property or as written, and whose it is.
let graphDefaults = """
  APPNP.edgeDropout | 0.5 | the authors' code
  APPNP.steps | 10 | the authors
  APPNP.teleport | 0.1 | the authors
  AdaMEOWLoss.hidden | 16 | the authors' code
  AdaMEOWLoss.temperature | 1 | the authors' code, for ACM
  CorrectAndSmooth.correction | .init(share: 0.8, steps: 50) | ours
  CorrectAndSmooth.scale | nil | the authors' autoscale
  CorrectAndSmooth.smoothing | .init(share: 0.8, steps: 50) | ours
  DAGNN.hops | 10 | the authors, for Cora and CiteSeer
  ERASE.compressionWeight | 1.0 | the authors' code
  ERASE.expansionWeight | 2.0 | the authors' code, for Cora and CiteSeer
  ERASE.knownShare | 0.6 | the authors' code, for Cora
  ERASE.ownShare | 0.6 | the authors' code
  ERASE.squaredPrecision | 0.05 | the authors' code, for Cora
  ERASE.steps | 5 | the authors' code, for Cora
  ERASE.train.training | ERASE.training | the authors' code
  GAIS.groupSize | 256 | ours
  GAIS.groups | strata | ours
  GAIS.keptShare | 0.05 | ours
  GAIS.neighbours | 10 | ours
  GAIS.score | attention | the authors
  GAIS.training | NodeTraining(epochs: 100, weightPenalty: 0, patience: 20) | ours
  GINConvolution.epsilon | Tensor.zeros([1]).requiringGradient() | the authors
  GPSLayer.dropout | 0 | the authors' code
  GPSLayer.hasAttention | true | the authors
  GPSLayer.heads | 4 | the authors, for ZINC
  GRACE.edgeDropouts | [0.2, 0.4] | the authors, for Cora
  GRACE.epochs | 200 | the authors, for Cora
  GRACE.featureDropouts | [0.3, 0.4] | the authors, for Cora
  GRACE.headWidth | 128 | the authors, for Cora
  GRACE.learningRate | 5e-4 | the authors, for Cora
  GRACE.temperature | 0.4 | the authors, for Cora
  GRACE.to | 128 | the authors, for Cora
  GRACE.train.training | .init() | the authors, for Cora
  GRACE.weightPenalty | 1e-5 | the authors
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
  GraphTransformer.dropout | 0.0 | the authors, for ZINC
  GraphTransformer.hasAttention | true | the authors
  GraphTransformer.heads | 4 | the authors, for ZINC
  GraphTransformer.layers | 4 | ours
  GraphTransformer.width | 64 | the authors, for ZINC
  GromovWasserstein.innerIterations | 100 | ours
  GromovWasserstein.iterations | 20 | ours
  GromovWasserstein.regularization | 0.005 | ours
  GromovWasserstein.tolerance | 1e-07 | ours
  LabelPropagation.callAsFunction.constrained | { $0 } | ours
  LabelPropagation.share | 0.9 | ours
  LabelPropagation.steps | 50 | ours
  LaplacianEncoding.count | 8 | the authors of GraphGPS
  LightHGNNLoss.disturbed.noise | 1 | the authors' code
  LightHGNNLoss.knownShare | 0.0 | the authors' code
  MEOWLoss.prototypeWeight | 1.0 | the authors' code
  MEOWLoss.temperature | 0.4 | the authors' code, for ACM
  Mowst.loss.learning | .both | ours
  Mowst.mixesScores | false | the authors
  MultisetPooling.heads | 8 | ProteinRPN's code
  MultisetPooling.isNormalized | true | ProteinRPN's code
  MultisetPooling.seeds | 1 | ProteinRPN's code, in effect
  NodeClusters.rounds | 20 | the authors' code
  NodePerceptron.dropout | 0.5 | the authors of APPNP
  NodeTraining.epochs | 200 | Kipf and Welling
  NodeTraining.learningRate | 0.01 | Kipf and Welling
  NodeTraining.patience | 100 | Veličković and others
  NodeTraining.penalized | 0. | Kipf and Welling
  NodeTraining.weightPenalty | 0.0005 | Kipf and Welling
  NormalizedAttention.dropout | 0.5 | the authors of ERASE
  NormalizedAttention.headWidth | 32 | the authors of ERASE
  NormalizedAttention.heads | 8 | the authors of ERASE
  NormalizedAttention.to | 512 | the authors of ERASE
  POT.share | 0.5 | the authors' code
  PamCLoss.sharpness | 1.0 | the authors' code
  ProteinRPN.hidden | 256 | the authors' code
  ProteinRPN.share | 0.5 | the authors' code
  ProteinRPN.steps | 2 | the authors' code
  RandomWalkEncoding.steps | 20 | the authors of GraphGPS, for ZINC
  W2PGNN.distance | .init() | ours
  W2PGNN.learningRate | 0.05 | the authors' code
  W2PGNN.steps | 100 | the authors' code
  """

/// An instance of each with its defaults.
var graphInstances: [String: Any] {
  [
    "CorrectAndSmooth": CorrectAndSmooth(),
    "ERASE": ERASE(),
    "GAIS": GAIS(),
    "GRACE": GRACE.Configuration(),
    "GraphAttention": GraphAttention.Configuration(inputs: 2, outputs: 2),
    "GraphTransformer": GraphTransformer.Configuration(inputs: 2, outputs: 2),
    "GromovWasserstein": GromovWasserstein(),
    "LabelPropagation": LabelPropagation(),
    "LaplacianEncoding": LaplacianEncoding(),
    "LightHGNNLoss": LightHGNNLoss(),
    "MEOWLoss": MEOWLoss(),
    "NodeTraining": NodeTraining(),
    "POT": POT(),
    "PamCLoss": PamCLoss(),
    "ProteinRPN": ProteinRPN.Configuration(inputs: 2),
    "RandomWalkEncoding": RandomWalkEncoding(),
    "W2PGNN": W2PGNN(),
  ]
}

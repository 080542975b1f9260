/// All experiments, in the order of the page.
let experiments: [any Experiment.Type] = [
  GenerativeProbe.self
]

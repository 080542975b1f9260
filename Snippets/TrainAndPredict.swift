// Trains on texts in memory, saves the model, opens it and predicts labels with their scores.

import Datasets
import Models
import Training

let texts = [
  "the printer is jammed", "the printer is empty", "no connection", "no connection here",
]
let labels = [["printing"], ["printing"], ["network"], ["network"]]
let run = RunFolder(path: "runs/tickets")
try Trainer(Dataset(texts: texts, labels: labels), folder: run).run()

let model = try TrainedModel(folder: run)
for label in try model.predict(["the printer makes a noise"], k: 2)[0].labels {
  print(label.id, label.score)
}

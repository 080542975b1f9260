// Trains on a file of labelled texts, opens the run, and predicts labels with their scores.

import Foundation
import Models
import Training

// Your data: one JSON object per line.
let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }
let tickets = folder.appending(path: "tickets.jsonl")
let causes = ["printing": "the printer is jammed", "network": "there is no connection"]
var lines = ""
for number in 0..<200 {
  for (label, cause) in causes {
    lines += #"{"text": "Since \#(number) o'clock \#(cause)", "labels": ["\#(label)"]}"# + "\n"
  }
}
try Data(lines.utf8).write(to: tickets)

// Every setting has the default of `decant train`.
let configuration = TrainingConfiguration(
  dataset: tickets.path, loop: TrainingLoop(epochs: 3), seed: 1, threads: 1)
let run = RunFolder(path: folder.appending(path: "run").path)
let record = try Trainer(configuration, folder: run, decantVersion: "example").run(resuming: false)
print("trained on", record.documents, "documents with", record.labels, "labels")

// The folder is all that a prediction needs.
let model = try TrainedModel(folder: run)
let texts = ["The printer makes a noise", "No connection since this morning"]
for (text, prediction) in zip(texts, try model.predict(texts, k: 2)) {
  print(text, prediction.labels.map { "\($0.id) \($0.score)" })
}

import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@testable import Models

/// The settings of runs that earlier versions trained.
@Suite struct OldConfigurationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// As version 0.1.0 wrote it for `--loss soft-top-k --temperature 2 --wide --patience 2`, before
  /// the number K was a word.
  private static let text = """
    {
      "badLines" : "refuse",
      "dataset" : "/data/d.jsonl",
      "features" : {
        "families" : [
          { "lengths" : [ 3, 5 ], "scope" : "text", "unit" : "words", "weight" : 1 },
          { "lengths" : [ 1, 4 ], "scope" : "text", "unit" : "unspacedCharacters", "weight" : 3 },
          { "lengths" : [ 2, 4 ], "scope" : "title", "unit" : "characters", "weight" : 0.7 },
          { "lengths" : [ 3, 5 ], "scope" : "lead", "unit" : "words", "weight" : 0.7 },
          { "lengths" : [ 3, 4 ], "scope" : "summary", "unit" : "wordCharacters", "weight" : 0.7 },
          { "lengths" : [ 3, 5 ], "scope" : "title", "unit" : "affixes", "weight" : 0.5 },
          { "lengths" : [ 3, 5 ], "scope" : "lead", "unit" : "wordPairs", "weight" : 0.5 }
        ],
        "maximumWordCount" : 1048576,
        "minimumDocumentCount" : 2
      },
      "loop" : { "checkpointInterval" : 30, "epochs" : 2, "patience" : 2 },
      "loss" : {
        "softTopK" : {
          "places" : {
            "atLeast" : {
              "_0" : 5
            }
          },
          "sharpness" : 2,
          "temperature" : 2
        }
      },
      "model" : {
        "encoder" : {
          "dimension" : 128,
          "hiddenDimensions" : [

          ],
          "initialScale" : 0.1,
          "isNormalized" : false
        },
        "hasBias" : true,
        "labels" : "free",
        "learnsTemperature" : false,
        "sharesEncoder" : true,
        "wide" : {
          "learningRate" : 0.3,
          "maximumDocumentShare" : 0.005,
          "method" : "adagrad",
          "minimumPairCount" : 1
        }
      },
      "optimization" : {
        "batchSize" : 128,
        "featureDropout" : 0.3,
        "learningRate" : 0.02,
        "tableLearningRate" : 0.045,
        "warmup" : 0,
        "weightDecay" : 0
      },
      "seed" : 0,
      "threads" : 2
    }
    """

  private var expected: TrainingConfiguration {
    var expected = TrainingConfiguration(
      dataset: "/data/d.jsonl", loss: TrainingLoss(SoftTopKLoss(temperature: 2)), threads: 2)
    expected.model.wide = .init()
    expected.loop = TrainingLoop(epochs: 2, patience: 2)
    return expected
  }

  private func read(_ text: String) throws -> TrainingConfiguration {
    let run = RunFolder(path: folder.path)
    try writeAtomically(text, to: run.configuration)
    return try run.readConfiguration()
  }

  @Test(arguments: [
    ("\"atLeast\" : {\n          \"_0\" : 5", SoftTopKLoss.Places.atLeast(5)),
    ("\"fixed\" : {\n          \"_0\" : 3", .fixed(3)), ("\"positives\" : {", .positives),
  ])
  func `a stored configuration opens, whatever its K`(
    written: String, places: SoftTopKLoss.Places
  ) throws {
    let old = Self.text.replacing("\"atLeast\" : {\n          \"_0\" : 5", with: written)
    var expected = expected
    expected.loss = TrainingLoss(SoftTopKLoss(temperature: 2, places: places))
    let configuration = try read(old)
    #expect(configuration == expected)
    #expect(try SettingsDraft(configuration).completed() == expected)
  }

  @Test func `keys that came later have the values of then`() throws {
    let lines = Self.text.split(separator: "\n").filter { line in
      !["learnsTemperature", "sharesEncoder", "\"method\""].contains { line.contains($0) }
    }
    #expect(lines.count == Self.text.split(separator: "\n").count - 3)
    #expect(try read(lines.joined(separator: "\n")) == expected)
  }

  @Test func `a damaged configuration is refused with the setting or the place`() throws {
    func refuse(_ old: String, _ new: String, _ words: String) {
      let error = #expect(throws: InputError.self) {
        try read(Self.text.replacing(old, with: new))
      }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
    refuse("\"epochs\" : 2", "\"epochs\" : 0", "loop.epochs is 0; expected at least 1")
    refuse("\"sharpness\" : 2", "\"sharpness\" : 0", "loss.softTopK.sharpness is 0")
    refuse("\"_0\" : 5", "\"_1\" : 5", "loss.softTopK.places")
    refuse("\"threads\" : 2", "\"threads\" 2", "configuration.json:58:13: not JSON: unexpected '2'")
  }
}

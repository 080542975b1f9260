import ArgumentParser
import Foundation
import Models
import Storage

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Write one run that ranks by the mean score of several.",
    discussion: HelpLevel.discussion(
      "merge",
      full: """
        The merged run is a run like any other: predict, evaluate, serve, index and export take it. Its \
        embeddings are those of the runs side by side, so its scores are exactly their mean (nearly, \
        with --normalized). If a run has a memory of documents, the merged run has one with its own \
        embeddings. --dimension makes it smaller: it keeps the directions along which the \
        scores of the training documents vary most.

        The runs must be on the same data set and have the same features, without a hidden layer, a \
        wide model or a transformer. Any other runs can be averaged with decant evaluate --with.

        Examples:
          decant merge runs/seed0 runs/seed1 runs/seed2 runs/seed3 --output runs/mean
          decant merge runs/plain runs/texts --output runs/both --dimension 256
        """))

  @Argument(
    help: ArgumentHelp(
      "Folders of the runs, two or more, or that of train --members.", valueName: "run"))
  var runs: [String]

  @Option(help: ArgumentHelp("Folder for the merged run.", valueName: "run"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Embedding dimension (default: that of all runs together).", valueName: "dimension"))
  var dimension: Int?

  @OptionGroup var threads: ThreadsOption

  func validate() throws {
    guard dimension.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--dimension is \(dimension ?? 0); it must be at least 1.")
    }
  }

  func run() throws {
    try reporting {
      let folder = RunFolder(path: output)
      guard !folder.isComplete, !folder.has(folder.configuration), !folder.isForeign else {
        throw ValidationError(
          "\(output) contains files; choose another --output, or remove the folder.")
      }
      let members = try runs.flatMap { path in
        let run = RunFolder(path: path)
        return try run.members() ?? [run]
      }
      guard members.count > 1 else {
        throw ValidationError("Name two or more runs to merge, or the folder of several.")
      }
      let models = try members.map { try TrainedModel(folder: $0, threads: threads.count) }
      let whole = models.reduce(0) { $0 + $1.dimension }
      guard dimension.map({ $0 <= whole }) ?? true else {
        throw ValidationError(
          "--dimension is \(dimension ?? 0); the runs have \(whole) dimensions together.")
      }
      _ = try TrainedModel.merge(
        models, dimension: dimension, to: folder, decantVersion: Decant.version)
      try StandardStreams.write(
        "\(output): the mean of \(models.count) runs in \(dimension ?? whole) dimensions\n"
          + "Next: decant evaluate \(output)\n")
    }
  }
}

import ArgumentParser
import Datasets
import Foundation
import Models
import Storage
import Training

extension TrainCommand {
  /// Trains the members that are not finished.
  ///
  /// - Parameters:
  ///   - configuration: the settings of the first member.
  ///   - choice: the defaults that were chosen by the data just now.
  func train(
    _ ensemble: Ensemble, _ configuration: TrainingConfiguration, _ choice: DataChoice
  ) throws {
    let isBegun = ensemble.first.has(ensemble.first.configuration)
    try ensemble.begin(configuration, isBegun ? ensemble.knownChoice() : choice)
    let unfinished = ensemble.members.indices.filter { !ensemble.members[$0].isComplete }.map {
      $0 + 1
    }
    guard !unfinished.isEmpty else {
      return StandardStreams.note("\(output) is finished already")
    }
    let begun = ResourceUsage.wallSeconds()
    let atOnce = min(
      unfinished.count, max(1, MachineShare.current.processors / configuration.threads))
    if !quiet, !isBegun { for line in choice.defaults.sentences { StandardStreams.note(line) } }
    let display = try quiet ? nil : display(of: unfinished, in: ensemble, configuration)
    var training = MemberTraining(unfinished, atOnce: atOnce, display: display) { number in
      arguments(ofMember: ensemble.members[number - 1], configuration)
    }
    // Catches signals from here on.
    _ = Interruption.isRequested()
    if let failure = try training.run() {
      StandardStreams.note(
        "decant: member \(failure.number) (\(ensemble.members[failure.number - 1].path)) failed: "
          + failure.reason)
      // Its data or its settings are at fault: nothing is worth keeping.
      if failure.code > 0 { ensemble.discardIfNothingIsLearnt() }
      throw ExitCode(failure.code < 0 ? 70 : failure.code)
    }
    guard !Interruption.isRequested() else {
      StandardStreams.note(
        "decant: interrupted; every member that was training has a checkpoint, --resume continues")
      throw ExitCode(Interruption.exitCode)
    }
    if !quiet {
      try StandardStreams.write(
        summary(
          of: try unfinished.map { try RunFiles(ensemble.members[$0 - 1]).record }, atOnce: atOnce,
          wallSeconds: ResourceUsage.wallSeconds() - begun))
    }
  }

  private func display(
    of numbers: [Int], in ensemble: Ensemble, _ configuration: TrainingConfiguration
  ) throws -> MemberDisplay {
    let finished = try numbers.reduce(into: [Int: Int]()) { counts, number in
      counts[number] = try ensemble.members[number - 1].readMetrics().count
    }
    return MemberDisplay(finished, epochs: configuration.loop.epochs)
  }

  /// The arguments of the process of a member, which has its settings already.
  private func arguments(ofMember member: RunFolder, _ configuration: TrainingConfiguration)
    -> [String]
  {
    let data = [configuration.dataset] + (configuration.data?.more ?? [])
    return ["train"] + data + [
      "--output", member.path, "--resume", calibrate ? "--calibrate" : "--no-calibrate",
      "--member-of", "\(getpid())",
    ] + (quiet ? ["--quiet"] : [])
  }

  private func summary(of records: [RunRecord], atOnce: Int, wallSeconds: Double) -> String {
    let cpuSeconds = records.reduce(0) { $0 + $1.trainCPUSeconds + $1.preparationCPUSeconds }
    return "\(output): \(counted(records.count, "member")) trained on "
      + counted(records.first?.documents ?? 0, "document")
      + String(
        format: " in %.1f s, %d at a time (%.1f s of CPU time%@), %.0f MB at most each\n",
        wallSeconds, atOnce, cpuSeconds,
        records.first?.pilotCPUSeconds.map { String(format: "; %.1f s to choose defaults", $0) }
          ?? "",
        Double(records.map(\.peakMemoryBytes).max() ?? 0) / 1e6)
      + "Next: decant evaluate \(output)\n"
  }
}

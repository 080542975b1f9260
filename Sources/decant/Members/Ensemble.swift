import ArgumentParser
import Datasets
import Foundation
import Models
import Storage

/// Runs that differ in their seeds alone, in the folders 1, 2, … of one folder.
struct Ensemble {
  /// The folder of all runs.
  let folder: RunFolder
  /// Whether nothing was in the folder.
  let isNew: Bool
  let count: Int

  /// Looks at the folder; writes nothing.
  ///
  /// - Throws: `ValidationError` if the folder has anything else in it, or runs that `resuming` does
  ///   not allow to continue.
  init(count: Int, path: String, resuming: Bool) throws {
    (folder, self.count) = (RunFolder(path: path), count)
    guard !folder.has(folder.configuration) else {
      throw ValidationError("\(path) contains a run; choose another --output for --members.")
    }
    let begun = try folder.members()
    isNew = begun == nil
    guard begun != nil || !folder.isForeign else {
      throw ValidationError(
        "\(path) contains files that no training of several members wrote; choose another --output."
      )
    }
    guard let begun else { return }
    guard resuming else {
      let isFinished = begun.allSatisfy(\.isComplete)
      throw ValidationError(
        "\(path) contains \(begun.count) \(isFinished ? "finished" : "unfinished") members; "
          + (isFinished
            ? "choose another --output, or remove the folder."
            : "add --resume to continue them, or remove the folder."))
    }
    guard count >= begun.count else {
      throw ValidationError(
        "\(path) contains \(begun.count) members; --members \(count) cannot take any away.")
    }
  }

  /// The member with the seed of the options, whose settings all share.
  var first: RunFolder { folder.member(1) }

  /// The runs, in the order of their seeds.
  var members: [RunFolder] { (1...count).map(folder.member) }

  /// Chooses the threads of each process, unless the user chose.
  static func chooseThreads(_ count: Int, in draft: inout SettingsDraft) throws {
    guard !draft.isChosen("threads"),
      let setting = Setting.all.first(where: { $0.path == "threads" })
    else { return }
    try draft.set(setting, to: .init(.number("\(count)")))
  }

  /// Creates the folder with its list of members.
  ///
  /// - Throws: `ValidationError` if the data can be read only once; `FileError`.
  func create(for configuration: TrainingConfiguration) throws {
    try configuration.checkIsReadAgain(for: "--members")
    try folder.create()
    try folder.writeMembers(count: count)
  }

  /// Gives every member that has no settings those of the first one, with its own seed.
  ///
  /// - Parameters:
  ///   - configuration: the settings of the first member.
  ///   - choice: the defaults that were chosen by the data.
  /// - Throws: `InputError` if a seed is too large, `FileError`.
  func begin(_ configuration: TrainingConfiguration, _ choice: DataChoice) throws {
    for (index, member) in members.enumerated() where !member.has(member.configuration) {
      var settings = configuration
      settings.seed &+= UInt64(index)
      try settings.check(file: folder.path)
      try member.create()
      // First, so that a run that has settings also knows where they came from.
      if choice != DataChoice() { try member.write(choice, to: member.chosenDefaults) }
      try member.write(settings, to: member.configuration)
    }
  }

  /// The defaults that the first member's settings came from, once it has begun.
  ///
  /// - Throws: `InputError` if a file is damaged, `FileError`.
  func knownChoice() throws -> DataChoice {
    if first.isComplete {
      let record = try RunFiles(first).record
      return DataChoice(
        defaults: record.chosenDefaults ?? [], pilotCPUSeconds: record.pilotCPUSeconds)
    }
    return first.has(first.chosenDefaults)
      ? try first.read(DataChoice.self, from: first.chosenDefaults) : DataChoice()
  }

  /// Removes a new folder in which no member has begun.
  func discardIfNotBegun() {
    guard isNew, !members.contains(where: { $0.has($0.configuration) }) else { return }
    discard()
  }

  /// Removes a new folder in which no member has anything to continue with.
  func discardIfNothingIsLearnt() {
    guard isNew, !members.contains(where: { $0.isComplete || $0.hasCheckpoint }) else {
      return
    }
    discard()
  }

  private func discard() {
    for member in members { member.discardPreparation() }
    unlink(folder.membersFile)
    rmdir(folder.path)
  }
}

extension TrainingConfiguration {
  /// Refuses data that only one process can read, such as a pipe.
  ///
  /// - Throws: `ValidationError` that names `option`.
  func checkIsReadAgain(for option: String) throws {
    try requireFiles(
      [dataset, data?.validation, data?.test, feedback, vocabulary] + (data?.more ?? []),
      for: option)
  }
}

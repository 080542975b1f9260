import Foundation
import Storage

/// The list of an ensemble's members, as `decant train --members` writes it.
///
///     members.json    the number of members
///     1, 2, …         the run folder of each
struct MembersFile: Codable, Hashable {
  var members: Int

  /// The most members; a damaged file could ask for any number.
  static let limit = 1000
}

extension RunFolder {
  /// The list of members in the folder of an ensemble.
  package var membersFile: String { path + "/members.json" }

  /// The run folder of a member, counted from 1.
  package func member(_ number: Int) -> RunFolder { RunFolder(path: "\(path)/\(number)") }

  /// Writes the list of the first `count` members.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  package func writeMembers(count: Int) throws {
    try write(MembersFile(members: count), to: membersFile)
  }

  /// The run folders of an ensemble's members; nil if the folder is not that of an ensemble.
  ///
  /// - Throws: `InputError` if the list is damaged, `FileError`.
  public func members() throws -> [RunFolder]? {
    guard has(membersFile) else { return nil }
    let count = try read(MembersFile.self, from: membersFile).members
    guard 1...MembersFile.limit ~= count else {
      throw InputError(
        file: membersFile, reason: "members is \(count)",
        expected: "a number from 1 to \(MembersFile.limit)")
    }
    return (1...count).map(member)
  }
}

extension TrainedModel {
  /// Opens several runs as one model that ranks by their mean score.
  ///
  /// - Parameters:
  ///   - folders: runs; the folder of an ensemble stands for all its members.
  ///   - threads: the number of threads to compute with; nil means as in training.
  ///   - epoch: the model of each run to open.
  /// - Precondition: there is at least one folder.
  /// - Throws: as `init(folder:threads:epoch:)` and `averaged(with:)`.
  public static func opening(
    _ folders: [RunFolder], threads: Int? = nil, epoch: KeptEpoch = .best
  ) throws -> TrainedModel {
    try opening(folders, threads: threads, epoch: epoch, part: nil)
  }

  /// The same with the vectors of some labels; nil for all.
  package static func opening(
    _ folders: [RunFolder], threads: Int?, epoch: KeptEpoch, part: LabelPart?
  ) throws -> TrainedModel {
    precondition(!folders.isEmpty, "no runs")
    let models = try folders.flatMap { try $0.members() ?? [$0] }.map {
      try TrainedModel(folder: $0, threads: threads, epoch: epoch, part: part)
    }
    return try models[0].averaged(with: Array(models.dropFirst()))
  }
}

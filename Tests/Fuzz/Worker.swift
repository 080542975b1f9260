import Datasets
import Foundation
import Retrieval
import Storage
import Torch

/// Reads damaged files, one case after the other, in a process that any of them may kill.
struct Worker {
  let seed: UInt64
  /// The folder of the valid files, with one subfolder per reader.
  let good: String
  /// This worker's private folder.
  let own: String
  let readers: [Int]
  let status: Status
  /// Whether to keep the damaged files of the first case.
  let leavesDamage: Bool
  /// The resident memory at which the worker gives up.
  let memoryLimit: Int

  /// The exit code of a worker that exceeded its memory limit.
  static let memoryCode: Int32 = 3

  /// A reader's valid files and the copy that is damaged.
  private struct Ground {
    var folder: String
    var names: [String]
    var contents: [[UInt8]]
  }

  /// Runs the cases `numbers`.
  func run(_ numbers: some Sequence<Int>) throws {
    setenv("OMP_NUM_THREADS", "1", 1)
    // A file that claims a huge size gets an allocation failure, not all of the machine's memory.
    var limit = rlimit(rlim_cur: 8 << 30, rlim_max: 8 << 30)
    setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
    limit = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    try Runtime.load()
    Runtime.threadCount = 1
    var grounds: [Int: Ground] = [:]
    let supervisor = getppid()
    // Without a supervisor, nobody reads the results.
    for number in numbers where getppid() == supervisor {
      var random = SplitMix64(seed, UInt64(number))
      let reader = pickReader(&random)
      let ground = try grounds[reader] ?? copyGood(of: reader)
      grounds[reader] = ground
      let damaged = damage(ground, of: Reader.all[reader], random)
      for (place, bytes) in damaged { try bytes.write(to: ground.folder, ground.names[place]) }
      status.number = number
      status.begun = now()
      let outcome = read(reader, ground.folder, number)
      status.longest = now() - status.begun
      status.begun = 0
      status.add(outcome, of: reader)
      for place in damaged.keys where !leavesDamage {
        try ground.contents[place].write(to: ground.folder, ground.names[place])
      }
      status.peakMemory = Self.peakMemory
      if Self.peakMemory > memoryLimit { exit(Self.memoryCode) }
    }
  }

  private func read(_ reader: Int, _ folder: String, _ number: Int) -> Status.Outcome {
    do {
      try Reader.all[reader].read(folder)
      return .accepted
    } catch {
      switch error {
      case is InputError, is ValueError, is FileError, is DebianUnavailable: return .refused
      default:
        print("case \(number) of \(Reader.all[reader].name): \(type(of: error)): \(error)")
        return .leaked
      }
    }
  }

  private func pickReader(_ random: inout SplitMix64) -> Int {
    let total = readers.reduce(0) { $0 + Reader.all[$1].weight }
    var rest = Int.random(in: 0..<total, using: &random)
    for reader in readers {
      rest -= Reader.all[reader].weight
      if rest < 0 { return reader }
    }
    return readers[0]
  }

  private func copyGood(of reader: Int) throws -> Ground {
    let name = Reader.all[reader].name
    let folder = "\(own)/\(name)"
    try FileManager.default.copyItem(atPath: "\(good)/\(name)", toPath: folder)
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted().filter {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: "\(folder)/\($0)", isDirectory: &isFolder)
      return !isFolder.boolValue && !Reader.all[reader].keeps.contains($0)
    }
    return Ground(
      folder: folder, names: names,
      contents: try names.map { Array(try Data(contentsOf: URL(filePath: "\(folder)/\($0)"))) })
  }

  /// Replaces the contents of one file of a reader, sometimes of two.
  private func damage(
    _ ground: Ground, of reader: Reader, _ random: SplitMix64
  ) -> [Int: [UInt8]] {
    var mutator = Mutator(random, tokens: reader.tokens)
    var result: [Int: [UInt8]] = [:]
    for _ in 0..<(mutator.below(8) == 0 ? 2 : 1) {
      let place = mutator.below(ground.names.count)
      let other = ground.contents[mutator.below(ground.names.count)]
      var bytes = mutator.changed(ground.contents[place], other: other)
      if let mendSums = reader.mendSums, mutator.below(2) == 0 {
        mendSums(&bytes, ground.names[place])
      }
      result[place] = bytes
    }
    return result
  }

  private static var peakMemory: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }
}

import Foundation
import Storage

/// This process's place among several, as its launcher states it in environment variables.
///
/// Read are, in this order: those of `decant train --processes` and of torchrun (RANK, WORLD_SIZE,
/// MASTER_ADDR, MASTER_PORT), those of a Slurm step (SLURM_PROCID, SLURM_STEP_NUM_TASKS, and MASTER_ADDR
/// or the first host of SLURM_STEP_NODELIST), and those of a Kubernetes indexed job
/// (JOB_COMPLETION_INDEX with WORLD_SIZE or PET_NNODES, and MASTER_ADDR). PET_MASTER_ADDR and
/// PET_MASTER_PORT stand in for MASTER_ADDR and MASTER_PORT.
///
/// A batch script of Slurm has variables of the job, too, but is one process: only those of a step
/// count.
package struct LaunchEnvironment: Hashable, Sendable {
  /// This process's number, from 0.
  package var rank: Int
  /// The number of processes.
  package var size: Int
  /// The address of rank 0.
  package var host: String
  /// The port at which rank 0 serves the meeting point.
  package var port: Int
  /// A listening socket that rank 0 takes over; nil opens the port.
  package var listener: Int32?
  /// Whether the launcher serves the meeting point itself, as torchrun does.
  package var launcherServes = false
  /// How often the launcher has started the processes before.
  package var attempt = 0
  /// The process that started this one and ends with it; nil for other launchers.
  package var agent: Int32?

  /// The port if none is given, PyTorch's.
  package static let usualPort = 29500

  /// Reads the variables; nil in a process that is alone.
  ///
  /// - Throws: `ValueError` for a variable that makes no sense.
  package static func read(
    _ variables: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> LaunchEnvironment? {
    func number(_ names: [String], in range: ClosedRange<Int> = 0...Int(Int32.max)) throws -> Int? {
      guard
        let (name, text) = names.lazy.compactMap({ name in variables[name].map { (name, $0) } })
          .first
      else { return nil }
      guard let value = Int(text), range ~= value else {
        throw ValueError(
          name, reason: "it is \"\(text)\"",
          expected: "a number from \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }
    let rankNames = ["RANK", "SLURM_PROCID", "JOB_COMPLETION_INDEX"]
    let sizeNames = ["WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "PET_NNODES"]
    guard let size = try number(sizeNames, in: 1...100_000), let rank = try number(rankNames),
      size > 1
    else { return nil }
    guard rank < size else {
      throw ValueError(
        rankNames.first { variables[$0] != nil } ?? "RANK", reason: "it is \(rank)",
        expected: "less than the number of processes, \(size)")
    }
    let host =
      variables["MASTER_ADDR"] ?? variables["PET_MASTER_ADDR"]
      ?? variables["SLURM_STEP_NODELIST"].flatMap(firstHost)
    guard let host, !host.isEmpty else {
      throw ValueError(
        "MASTER_ADDR", reason: "it is not set, and there are \(size) processes",
        expected: "the address of the machine of rank 0")
    }
    let attempts = ["TRAINING_ATTEMPT", "TORCHELASTIC_RESTART_COUNT", "SLURM_RESTART_COUNT"]
    return LaunchEnvironment(
      rank: rank, size: size, host: host,
      port: try number(["MASTER_PORT", "PET_MASTER_PORT"], in: 1...65535) ?? usualPort,
      listener: try number(["TRAINING_LISTENER"]).map { Int32($0) },
      launcherServes: variables["TORCHELASTIC_USE_AGENT_STORE"] == "True",
      attempt: try number(attempts) ?? 0,
      agent: try number(["TRAINING_AGENT"]).map { Int32($0) })
  }

  /// The first host of a Slurm list, such as "node[07-09,12],other": node07.
  static func firstHost(_ list: String) -> String? {
    let name = list.prefix { $0 != "[" && $0 != "," }
    guard list.dropFirst(name.count).first == "[" else { return name.isEmpty ? nil : String(name) }
    let number = list.dropFirst(name.count + 1).prefix { $0.isNumber }
    return number.isEmpty ? nil : String(name + number)
  }
}

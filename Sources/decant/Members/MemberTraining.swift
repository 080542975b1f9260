import ArgumentParser
import Foundation
import Models

/// Trains members in processes, several at once.
struct MemberTraining {
  /// A member that failed.
  struct Failure {
    let number: Int
    /// The exit code, or the negative number of a signal.
    let code: Int32
    /// The message that it ended with.
    let message: String

    /// Why it ended, for people.
    var reason: String {
      if !message.isEmpty { return message }
      guard code < 0 else { return "exit code \(code)" }
      return "ended by signal \(-code)"
        + (-code == SIGKILL ? "; the system does so when memory runs out" : "")
    }
  }

  /// The members that are not finished, by number.
  let numbers: [Int]
  /// The most processes at a time.
  let atOnce: Int
  /// The arguments of a member's process.
  let arguments: (Int) -> [String]
  /// Shows the progress; nil for none.
  private(set) var display: MemberDisplay?

  private var running: [MemberProcess] = []
  private var lastMessages: [Int: String] = [:]
  private var failure: Failure?
  private var isStopping = false

  init(
    _ numbers: [Int], atOnce: Int, display: MemberDisplay?, arguments: @escaping (Int) -> [String]
  ) {
    (self.numbers, self.atOnce, self.display) = (numbers, atOnce, display)
    self.arguments = arguments
  }

  /// Trains all members, until one fails or a signal arrives: then the others stop, too, with
  /// checkpoints.
  ///
  /// - Returns: the first failure; nil if there was none, or a signal.
  /// - Throws: `FileError` if a process cannot be started.
  mutating func run() throws -> Failure? {
    var waiting = numbers[...]
    defer { display?.clear() }
    while !running.isEmpty || !(waiting.isEmpty || isStopping) {
      while !isStopping, running.count < atOnce, let next = waiting.popFirst() {
        do {
          running.append(try MemberProcess(number: next, arguments: arguments(next)))
        } catch {
          stop()
          while !running.isEmpty { receive() }
          throw error
        }
      }
      receive()
      if Interruption.isRequested() { stop() }
    }
    return failure
  }

  private mutating func stop() {
    guard !isStopping else { return }
    isStopping = true
    for process in running { process.interrupt() }
  }

  /// Reads the lines that the processes have written within a fifth of a second, and waits for those
  /// that ended.
  private mutating func receive() {
    var polled = running.flatMap(\.descriptors).map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    poll(&polled, nfds_t(polled.count), 200)
    let ready = Set(polled.filter { $0.revents != 0 }.map(\.fd))
    for process in running {
      let lines = process.readLines(from: ready)
      for line in lines.output {
        if let report = MemberReport(line: line) { display?.show(report, of: process.number) }
      }
      for line in lines.messages { take(message: line, of: process.number) }
      if process.isAtEnd { finish(process) }
    }
    running.removeAll(where: \.isAtEnd)
  }

  private mutating func take(message: String, of number: Int) {
    let mark = "decant: "
    if message.hasPrefix(mark), !message.hasPrefix("decant: warning") {
      lastMessages[number] = String(message.dropFirst(mark.count))
    } else if display != nil {
      display?.show(message: message, of: number)
    } else {
      StandardStreams.note("member \(number): \(message)")
    }
  }

  private mutating func finish(_ process: MemberProcess) {
    let code = process.wait()
    // Those that were asked to stop end with the code of the signal.
    guard code != 0, !isStopping else { return }
    failure = Failure(
      number: process.number, code: code, message: lastMessages[process.number] ?? "")
    stop()
  }
}

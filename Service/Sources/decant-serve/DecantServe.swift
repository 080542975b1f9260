import ArgumentParser
import Foundation
import Logging
import ServiceOptions
import Serving
import Storage

/// A separate program, so that training builds never compile the web server.
@main
struct DecantServe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decant serve", abstract: ServiceOptions.abstract,
    discussion: ServiceOptions.discussion)

  @OptionGroup var options: ServiceOptions

  func validate() throws {
    for name in options.allowedHost where !ServiceConfiguration.isHostName(name) {
      throw ValidationError(
        "--allowed-host is \"\(name)\"; it must be a name or an address, without http:// and port.")
    }
  }

  func run() async throws {
    FileGuard.install(program: "decant serve")
    do {
      try await service().run()
    } catch {
      FileHandle.standardError.write(Data("decant serve: \(error)\n".utf8))
      throw ExitCode(error is InputError || error is ValueError ? 65 : error is FileError ? 74 : 70)
    }
  }

  private func service() throws -> DecantService {
    let level = Logger.Level(rawValue: options.logLevel) ?? .info
    let format = options.logFormat
    LoggingSystem.bootstrap { label in
      var handler: any LogHandler =
        format == .json
        ? JSONLogHandler(label: label) : OneLineLogHandler(label: label)
      handler.logLevel = level
      return handler
    }
    let host = options.host.contains(":") ? "[\(options.host)]" : options.host
    return try DecantService(
      options.servedRuns(), settings: try settings(), logger: Logger(label: "decant")
    ) { port in
      // The only line on standard output: scripts wait for it.
      print("listening on http://\(host):\(port)/")
      fflush(nil)
    }
  }

  private func settings() throws -> ServiceConfiguration {
    var settings = ServiceConfiguration()
    settings.host = options.host
    settings.port = options.port
    settings.allowedHosts = options.allowedHost
    settings.token = try token()
    settings.maximumBodySize = options.maximumBody << 10
    settings.maximumAddedLabels = options.maximumAddedLabels
    settings.maximumLabelText = options.maximumLabelText
    settings.maximumFeedbackText = options.maximumFeedbackText
    settings.maximumStoreSize = options.maximumStore << 20
    settings.requestsPerSecond = options.rateLimit
    settings.arrivalSeconds = options.timeout
    settings.queue.batch = options.batch
    settings.queue.waiting = options.queue
    return settings
  }

  private func token() throws -> String? {
    guard let tokenFile = options.tokenFile else {
      guard let given = ProcessInfo.processInfo.environment["DECANT_TOKEN"] else { return nil }
      let token = given.trimmingCharacters(in: .whitespacesAndNewlines)
      // If the command that should print the token failed, the service must not be open to
      // everyone.
      guard !token.isEmpty else {
        throw ValueError(
          "the environment variable DECANT_TOKEN", reason: "it is set and empty",
          expected: "the token, or an unset variable for a service without one")
      }
      return token
    }
    let bytes = try MappedFile(path: tokenFile).withBytes { Array($0.prefix(4096)) }
    let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first
    guard let token = line?.trimmingCharacters(in: .whitespaces), !token.isEmpty else {
      throw InputError(
        file: tokenFile, line: 1, reason: "the line is empty", expected: "the token")
    }
    return token
  }
}

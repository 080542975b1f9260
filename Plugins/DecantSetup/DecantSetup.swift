import Foundation
import PackagePlugin

/// `swift package decant-setup`: puts libtorch and Decant's interface to it into the user's cache,
/// where programs of every package find them.
@main struct DecantSetup: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) throws {
    // In a package that uses Decant, the folder of its checkout.
    let decant = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let setup = Process()
    setup.executableURL = decant.appending(path: "Scripts/setup")
    setup.arguments = ["--user"] + arguments
    try setup.run()
    setup.waitUntilExit()
    if setup.terminationStatus != 0 {
      Diagnostics.error("Scripts/setup of Decant failed; the reason is above")
    }
  }
}

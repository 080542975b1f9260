import Foundation
import TestSupport
import Testing

/// `Scripts/setup` in a copy of its part of the package, with a compiler and a pip that only
/// pretend: its decisions, its messages and its files, in seconds and offline.
@Suite(.enabled("needs bash and python3") { SetupSandbox.isPossible }) struct SetupTests {
  private let sandbox: SetupSandbox

  /// How often the compiler is called: once a source, and once to link them.
  ///
  /// The pretended library cannot compute in several processes: one source is compiled again without, and all are linked.
  private static let build = 14

  init() throws { sandbox = try SetupSandbox() }

  @Test func `downloads once, then only checks`() throws {
    let first = try sandbox.setup()
    #expect(first.status == 0, "\(first.text)")
    #expect(sandbox.count("downloads") == 1 && sandbox.count("compilations") == Self.build)
    #expect(sandbox.exists(".deps/torch/include/ATen/a.h") && !sandbox.exists(".deps/wheels"))
    let second = try sandbox.setup()
    #expect(second.status == 0 && second.text == "setup: ready: .deps/libctorch.so\n")
    #expect(sandbox.count("downloads") == 1 && sandbox.count("compilations") == Self.build)
  }

  @Test func `rebuilds after changed sources, flags or pins`() throws {
    _ = try sandbox.setup()
    try sandbox.append("// changed\n", to: "Sources/CTorch/Interface/kernels.cpp")
    _ = try sandbox.setup()
    #expect(sandbox.count("downloads") == 1 && sandbox.count("compilations") == 2 * Self.build)
    try sandbox.append("# changed\n", to: "Scripts/setup")
    _ = try sandbox.setup()
    #expect(sandbox.count("downloads") == 1 && sandbox.count("compilations") == 3 * Self.build)
    try sandbox.append("# another torch\n", to: "Scripts/torch-wheels.txt")
    _ = try sandbox.setup()
    #expect(sandbox.count("downloads") == 2 && sandbox.count("compilations") == 4 * Self.build)
  }

  @Test func `uses an installed torch and notices its upgrade`() throws {
    let torch = try sandbox.installTorch("site/torch", version: "2.12.1+cpu")
    #expect(try sandbox.setup(["DECANT_TORCH": torch]).status == 0)
    #expect(sandbox.count("downloads") == 0 && sandbox.count("compilations") == Self.build)
    #expect(try sandbox.setup(["DECANT_TORCH": "site/torch"]).status == 0)
    #expect(sandbox.count("compilations") == Self.build)
    _ = try sandbox.installTorch("site/torch", version: "2.13.0+cpu")
    #expect(try sandbox.setup(["DECANT_TORCH": torch]).status == 0)
    #expect(sandbox.count("compilations") == 2 * Self.build)
  }

  @Test(arguments: ["download", "unpack", "compile"])
  func `recovers after a kill`(during phase: String) throws {
    let first = try sandbox.start(["PAUSE": phase])
    try sandbox.wait(for: "pausing")
    kill(first.processIdentifier, SIGKILL)
    // What the script had started goes on for a while, and ends.
    try sandbox.write("", to: "go-on")
    first.waitUntilExit()
    let second = try sandbox.setup()
    #expect(second.status == 0, "\(second.text)")
    #expect(sandbox.exists(".deps/torch/include/ATen/a.h"))
    #expect(try sandbox.setup().text == "setup: ready: .deps/libctorch.so\n")
  }

  @Test func `two setups take turns`() throws {
    let first = try sandbox.start(["PAUSE": "download"])
    try sandbox.wait(for: "pausing")
    let second = try sandbox.start([:])
    try sandbox.wait(for: "output-\(second.processIdentifier)", containing: "waiting")
    try sandbox.write("", to: "go-on")
    first.waitUntilExit()
    second.waitUntilExit()
    #expect(first.terminationStatus == 0 && second.terminationStatus == 0)
    #expect(sandbox.count("downloads") == 1 && sandbox.count("compilations") == Self.build)
  }

  @Test func `fills the user's cache and leaves the package alone`() throws {
    try sandbox.takeSearchLibrary()
    let first = try sandbox.setup(script: "setup --user")
    #expect(first.status == 0, "\(first.text)")
    for library in ["libctorch.so", "libsearch.so"] {
      #expect(sandbox.exists(".cache/decant/\(library)"), "\(first.text)")
    }
    #expect(sandbox.exists(".cache/decant/torch/include/ATen/a.h") && !sandbox.exists(".deps"))
    let second = try sandbox.setup(script: "setup --user")
    #expect(second.text.hasSuffix(".cache/decant/libctorch.so\n"), "\(second.text)")
    let (downloads, compilations) = (sandbox.count("downloads"), sandbox.count("compilations"))
    let other = ["XDG_CACHE_HOME": sandbox.path(of: "other cache")]
    #expect(try sandbox.setup(other, script: "setup --user").status == 0)
    #expect(sandbox.exists("other cache/decant/libctorch.so"))
    #expect(sandbox.count("downloads") == 2 * downloads)
    #expect(sandbox.count("compilations") == 2 * compilations)
    let unknown = try sandbox.setup(script: "setup --usr")
    #expect(unknown.status == 1 && unknown.text.contains("usage"), "\(unknown.text)")
    let homeless = try sandbox.setup(["HOME": ""], script: "setup --user")
    #expect(homeless.status != 0 && homeless.text.contains("HOME"), "\(homeless.text)")
  }

  @Test(arguments: ["download", "unpack", "compile"])
  func `recovers the user's cache after a kill, with another setup waiting`(during phase: String)
    throws
  {
    let first = try sandbox.start(["PAUSE": phase], script: "setup --user")
    try sandbox.wait(for: "pausing")
    let second = try sandbox.start([:], script: "setup --user")
    try sandbox.wait(for: "output-\(second.processIdentifier)", containing: "waiting")
    kill(first.processIdentifier, SIGKILL)
    try sandbox.write("", to: "go-on")
    first.waitUntilExit()
    second.waitUntilExit()
    #expect(second.terminationStatus == 0)
    #expect(sandbox.exists(".cache/decant/libctorch.so"))
    #expect(sandbox.exists(".cache/decant/torch/include/ATen/a.h"))
  }

  @Test func `errors name the remedy`() throws {
    func expect(_ words: String, _ variables: [String: String]) throws {
      let run = try sandbox.setup(variables)
      #expect(run.status == 1 && run.text.contains(words), "\(run.text)")
      #expect(!sandbox.exists(".deps/libctorch.so"))
    }
    try expect("has no lib/libtorch_cpu.so", ["DECANT_TORCH": "nowhere"])
    let old = try sandbox.installTorch("old/torch", version: "2.10.0")
    try expect("is version '2.10.0', Decant needs 2.11", ["DECANT_TORCH": old])
    try expect("install one: apt-get install g++", ["CXX": "no-such-compiler"])
    try expect("check the network", ["PAUSE": "no-network"])
    try expect("is the disk full?", ["PAUSE": "broken-wheel"])
    try expect("did not compile", ["PAUSE": "no-compile"])
    try expect("did not link", ["PAUSE": "no-link"])
    try expect("does not load", ["PAUSE": "no-load"])
  }

  @Test func `builds the search library once, recovers after a kill`() throws {
    try sandbox.takeSearchLibrary()
    let first = try sandbox.start(["PAUSE": "headers"], script: "setup-search")
    try sandbox.wait(for: "pausing")
    kill(first.processIdentifier, SIGKILL)
    try sandbox.write("", to: "go-on")
    first.waitUntilExit()
    let second = try sandbox.setup(script: "setup-search")
    #expect(
      second.status == 0 && second.text.contains("ready: .deps/libsearch.so"), "\(second.text)")
    #expect(sandbox.exists(".deps/libsearch.so") && !sandbox.exists(".deps/usearch-download"))
    let (downloads, compilations) = (sandbox.count("downloads"), sandbox.count("compilations"))
    #expect(compilations == 1)
    #expect(try sandbox.setup(script: "setup-search").text.isEmpty)
    try sandbox.append("// changed\n", to: "Sources/CSearch/Interface/graph.cpp")
    #expect(try sandbox.setup(script: "setup-search").status == 0)
    #expect(sandbox.count("downloads") == downloads && sandbox.count("compilations") == 2)
  }

  @Test func `search library errors name the remedy`() throws {
    try sandbox.takeSearchLibrary()
    func expect(_ words: String, _ variables: [String: String]) throws {
      let run = try sandbox.setup(variables, script: "setup-search")
      #expect(run.status == 1 && run.text.contains(words), "\(run.text)")
      #expect(!sandbox.exists(".deps/libsearch.so"))
    }
    try expect("install one: apt-get install g++", ["CXX": "no-such-compiler"])
    try expect("check the network", ["PAUSE": "no-network"])
    try expect("unpacking USearch failed", ["PAUSE": "broken-wheel"])
    try expect("did not compile", ["PAUSE": "no-link"])
  }

  @Test func `names an unwritable folder`() throws {
    try sandbox.write("a file where the folder should be", to: ".deps")
    let run = try sandbox.setup()
    #expect(run.status == 1 && run.text.contains("cannot write"), "\(run.text)")
  }
}

/// A folder with spaces in its name that looks like the package to `Scripts/setup`.
private final class SetupSandbox {
  private let folder: TemporaryFolder
  private let root: String
  private let package: String

  static var isPossible: Bool {
    ["/bin/bash", "/usr/bin/python3"].allSatisfy(FileManager.default.isExecutableFile)
  }

  init() throws {
    folder = try TemporaryFolder()
    root = folder.file("a package")
    let package = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path
    self.package = package
    try take(["Scripts/setup", "Scripts/torch-wheels.txt", "Sources/CTorch"])
    try program(
      "g++",
      """
      case "$*" in *--version*) echo "g++ that pretends"; exit ;; esac
      echo x >>compilations
      while [ $# -gt 0 ]; do [ "$1" = -o ] && target=$2; [ "$1" = -c ] && part=1; shift; done
      [ "$PAUSE" = compile ] && pause
      [ "$PAUSE" = no-compile ] && [ -n "${part:-}" ] && exit 1
      [ "$PAUSE" = no-link ] && [ -z "${part:-}" ] && exit 1
      library=$(ls /lib/*/libm.so.6 /lib64/libm.so.6 2>/dev/null | head -n 1)
      [ "$PAUSE" = no-load ] && library=Scripts/setup
      cp "$library" "$target"
      """)
    try program(
      "python3",
      """
      case "$*" in
        *find_spec*) exit ;;
        "-m pip --version") exit ;;
        "-m pip download"*) ;;
        *" "*/.deps) [ "$PAUSE" = unpack ] && mkdir -p .deps/torch/lib \\
          && touch .deps/torch/lib/libtorch_cpu.so && pause ;;&
        *" "*/decant) [ "$PAUSE" = unpack ] && pause ;;&
        *) exec /usr/bin/python3 "$@" ;;
      esac
      [ "$PAUSE" = no-network ] && exit 1
      echo x >>downloads
      while [ $# -gt 0 ]; do [ "$1" = --dest ] && target=$2; shift; done
      [ "$PAUSE" = download ] && mkdir -p "$target" && echo half >"$target/half.whl" \\
        && pause && rm "$target/half.whl"
      mkdir -p "$target"
      [ "$PAUSE" = headers ] && echo half >"$target/half.tar.gz" && pause
      [ "$PAUSE" = broken-wheel ] && echo none >"$target/broken.whl"
      /usr/bin/python3 - "$target/torch.whl" <<'PYTHON'
      import sys, zipfile
      with zipfile.ZipFile(sys.argv[1], "w") as wheel:
          wheel.writestr("torch/version.py", "__version__ = '2.15.0+cpu'\\n")
          wheel.writestr("torch/include/ATen/a.h", "")
          wheel.writestr("torch/lib/libtorch_cpu.so", "")
      PYTHON
      [ "$PAUSE" = broken-wheel ] || ! [ -f Scripts/search-wheels.txt ] || \
        /usr/bin/python3 - "$target" <<'PYTHON'
      import io, re, sys, tarfile
      version = re.search(r"usearch==([0-9.]+)", open("Scripts/search-wheels.txt").read())[1]
      with tarfile.open(f"{sys.argv[1]}/usearch-{version}.tar.gz", "w:gz") as archive:
          for name in ["index.hpp", "index_plugins.hpp"]:
              member = tarfile.TarInfo(f"usearch-{version}/include/usearch/{name}")
              archive.addfile(member, io.BytesIO())
      PYTHON
      """)
  }

  /// Copies files and folders of the package.
  private func take(_ paths: [String]) throws {
    for path in paths {
      try FileManager.default.createDirectory(
        atPath: (root + "/" + path as NSString).deletingLastPathComponent,
        withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: package + "/" + path, toPath: root + "/" + path)
    }
  }

  /// Copies what `Scripts/setup-search` needs; `Scripts/setup` does without.
  func takeSearchLibrary() throws {
    try take(["Scripts/setup-search", "Scripts/search-wheels.txt", "Sources/CSearch"])
  }

  /// A program in a folder that stands first in the path of the script.
  private func program(_ name: String, _ body: String) throws {
    let pause =
      "pause() { touch pausing; until [ -f go-on ] || ! [ -d bin ]; do sleep 0.02; done; }"
    try write("#!/bin/bash\n\(pause)\n\(body)\n", to: "bin/\(name)")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: root + "/bin/" + name)
  }

  func write(_ text: String, to name: String) throws {
    let path = root + "/" + name
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: false, encoding: .utf8)
  }

  func append(_ text: String, to name: String) throws {
    try write(try content(name) + text, to: name)
  }

  private func content(_ name: String) throws -> String {
    try String(contentsOfFile: root + "/" + name, encoding: .utf8)
  }

  func path(of name: String) -> String { root + "/" + name }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(of: name)) }

  /// How often one of the pretending programs did what `name` counts.
  func count(_ name: String) -> Int {
    do { return try content(name).split(separator: "\n").count } catch { return 0 }
  }

  func installTorch(_ name: String, version: String) throws -> String {
    try write("__version__ = '\(version)'\n", to: name + "/version.py")
    try write("", to: name + "/lib/libtorch_cpu.so")
    return root + "/" + name
  }

  /// Starts the script; its output goes to the file `output-` and its process number.
  func start(_ variables: [String: String], script: String = "setup") throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.currentDirectoryURL = URL(filePath: root)
    process.arguments = ["-c", "exec Scripts/\(script) >output-$$ 2>&1"]
    process.environment = [
      "PATH": root + "/bin:/usr/bin:/bin", "PAUSE": "", "HOME": root,
    ].merging(variables) { $1 }
    try process.run()
    return process
  }

  func setup(
    _ variables: [String: String] = [:], script: String = "setup"
  ) throws -> (status: Int32, text: String) {
    let process = try start(variables, script: script)
    process.waitUntilExit()
    return (process.terminationStatus, try content("output-\(process.processIdentifier)"))
  }

  struct TooSlow: Error {}

  /// Waits until the file `name` is there and holds `words`.
  func wait(for name: String, containing words: String = "") throws {
    for _ in 0..<1000 {
      if exists(name), try words.isEmpty || content(name).contains(words) { return }
      usleep(10_000)
    }
    try write("", to: "go-on")
    throw TooSlow()
  }
}

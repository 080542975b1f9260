import Datasets
import Foundation
import Models
import Retrieval
import Storage
import Torch

/// Checks everything that Decant needs on a machine.
struct Examination {
  private let setup = "run Scripts/setup in Decant's folder, or set DECANT_TORCH_LIBRARY"

  /// All findings; those about libtorch only if it opens.
  func findings() -> [Finding] {
    var all = [program, library]
    // CUDA first: libtorch decides with its first operators whether it has it.
    if all.allSatisfy({ $0.state != .fail }) {
      all += [cuda, torch, kernels, threads, processes, speed()]
    }
    return all + [search, onnxRuntime, memory, disk, debian, service]
  }

  private var program: Finding {
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    #if DEBUG
      return .warn(
        "decant", "\(Decant.version), a debug build at \(own)",
        "build it with -c release, which is many times faster")
    #else
      return .ok("decant", "\(Decant.version) at \(own)")
    #endif
  }

  private var library: Finding {
    let candidates = Runtime.libraryCandidates
    do {
      try Runtime.load()
      let there = candidates.first { FileManager.default.isReadableFile(atPath: $0) }
      return .ok("interface", "version \(Runtime.interfaceVersion) at \(there ?? candidates[0])")
    } catch  where error.kind != .library {
      return .fail("interface", error.message, "correct the variable, or unset it")
    } catch {
      return .fail(
        "interface", error.message, "\(setup); searched \(candidates.joined(separator: ", "))")
    }
  }

  private var torch: Finding {
    let version = Runtime.torchVersion
    let parts = version.split(separator: ".").compactMap { Int($0) }
    guard parts.count >= 2, (parts[0], parts[1]) >= (2, 11) else {
      return .warn("libtorch", version, "tested with 2.11 and later; \(setup) with a newer torch")
    }
    return .ok("libtorch", version)
  }

  private var cuda: Finding {
    let use = "for train --device cuda; nothing else needs it"
    do {
      try Runtime.loadCUDA()
    } catch {
      return .ok("CUDA", "none in this libtorch, \(use)")
    }
    let devices = (0..<Runtime.cudaDeviceCount).map { number in
      let memory = Runtime.cudaMemory(of: .cuda(number)).map {
        " with \(gigabytes($0.free)) of \(gigabytes($0.total)) free"
      }
      return "cuda:\(number)\(memory ?? "")"
    }
    guard !devices.isEmpty else {
      return .warn(
        "CUDA", "libtorch has it, but there is no device",
        "look at nvidia-smi and CUDA_VISIBLE_DEVICES")
    }
    let kernels = FusedKernels.reason.map { "; no fused kernels: \($0)" } ?? "; fused kernels"
    return .ok("CUDA", devices.joined(separator: ", ") + kernels)
  }

  private var search: Finding {
    do {
      return .ok("search library", "\(try SearchLibrary.version) at \(try SearchLibrary.path)")
    } catch {
      return .warn(
        "search library", "\(error)",
        "for approximate search: run Scripts/setup in Decant's folder; exact search works without it"
      )
    }
  }

  private var onnxRuntime: Finding {
    do {
      let found = try ONNXRuntimeLibrary.version
      return .ok("ONNX Runtime", "\(found.number) at \(found.path)")
    } catch {
      return .warn(
        "ONNX Runtime", error.message,
        "for encoders in ONNX files: run Scripts/setup in Decant's folder; nothing else needs it")
    }
  }

  private var kernels: Finding {
    let capability = Runtime.cpuCapability
    let target = Runtime.kernelTarget
    let forced = ProcessInfo.processInfo.environment["DECANT_CPU"].map { !$0.isEmpty } ?? false
    let found = "\(capability); loss kernels for \(target)\(forced ? ", set by DECANT_CPU" : "")"
    guard target != "generic" else {
      return .warn(
        "processor", found,
        forced
          ? "unset DECANT_CPU for the fastest kernels"
          : "everything works; processors with AVX2 train several times faster with many labels")
    }
    return .ok("processor", found)
  }

  private var threads: Finding {
    let share = MachineShare.current
    let bounds = share.processorBounds.map { "\($0.value) \($0.source)" }
    return .ok("threads", "\(share.processors): \(bounds.joined(separator: ", "))")
  }

  private var processes: Finding {
    do {
      guard let reason = try ProcessGroup.missingReason() else {
        return .ok("processes", "several can train together (Gloo)")
      }
      return .warn(
        "processes", reason, "training in one process works; \(setup) with another torch")
    } catch {
      return .warn("processes", error.message, setup)
    }
  }

  /// Multiplies matrices for about a second.
  func speed(seconds: Double = 1) -> Finding {
    let size = 512
    let generator = Generator(seed: 0)
    let a = Tensor.normal([size, size], generator: generator)
    let b = Tensor.normal([size, size], generator: generator)
    _ = a.matmul(b)
    let clock = ContinuousClock()
    let begun = clock.now
    var products = 0
    while clock.now - begun < .seconds(seconds) {
      _ = a.matmul(b)
      products += 1
    }
    let elapsed = clock.now - begun
    let taken = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    let rate = 2 * Double(size * size * size) * Double(products) / taken / 1e9
    let found = String(format: "%.0f GFLOP/s of matrix products", rate)
    // A core of the last ten years reaches 20 to 200.
    let least = 5 * Double(Runtime.threadCount)
    guard rate >= least else {
      return .warn(
        "speed", found + String(format: ", less than the %.0f of a slow machine", least),
        "look for other busy programs, or a CPU quota; --threads 1 may be faster")
    }
    return .ok("speed", found)
  }

  private var memory: Finding {
    guard let free = Machine.availableMemory else {
      return .warn("memory", "unknown", "/proc/meminfo cannot be read")
    }
    let bounds = MachineShare.current.memoryBounds.map { "\(gigabytes($0.value)) \($0.source)" }
    let found = "\(gigabytes(free)) free: \(bounds.joined(separator: ", "))"
    guard free >= 1 << 30 else {
      return .warn(
        "memory", found, "training on debian-tags takes about 1 GB; close other programs")
    }
    return .ok("memory", found)
  }

  private var disk: Finding {
    let folder = FileManager.default.currentDirectoryPath
    guard let free = Machine.freeSpace(in: folder) else {
      return .warn("disk", "unknown", "\(folder) cannot be examined")
    }
    let found = "\(gigabytes(free)) free in \(folder)"
    guard free >= 1 << 30 else {
      return .warn("disk", found, "a run on debian-tags takes about 300 MB; free some space")
    }
    return .ok("disk", found)
  }

  private var debian: Finding {
    do {
      let lists = try DebianLists.ofThisMachine(download: false)
      return .ok("Debian lists", "\(lists.packages.count + lists.translations.count) files")
    } catch {
      return .warn(
        "Debian lists", "none with long descriptions",
        "decant data debian downloads them once (16 MB) on Debian and Ubuntu; other data does not need them"
      )
    }
  }

  private var service: Finding {
    let path = ServeCommand.program
    guard FileManager.default.isExecutableFile(atPath: path) else {
      return .warn(
        "decant-serve", "not at \(path)", "for decant serve: make service")
    }
    return .ok("decant-serve", path)
  }

  private func gigabytes(_ bytes: Int) -> String { String(format: "%.1f GB", Double(bytes) / 1e9) }
}

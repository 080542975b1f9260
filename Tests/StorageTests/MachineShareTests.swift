import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite struct MachineShareTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ files: [String: String]) throws {
    for (path, text) in files {
      let url = URL(filePath: folder.file(path))
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
  }

  private func share(_ environment: [String: String] = [:]) -> MachineShare {
    MachineShare(
      root: folder.path, environment: environment, online: 16, physicalMemory: 64 << 30)
  }

  @Test func `without limits the whole machine counts`() {
    #expect(share().processors == 16)
    #expect(share().memory == 64 << 30)
    #expect(ControlGroups(root: folder.path).availableMemory == nil)
  }

  @Test func `the affinity mask limits threads`() throws {
    try write([
      "proc/self/status": "Name:\tdecant\nCpus_allowed:\t0000000f,00000011\nCpus_allowed_list:\t9\n"
    ])
    #expect(share().processors == 6)
  }

  @Test func `cgroup v2 limits threads and memory`() throws {
    try write([
      "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "250000 100000\n",
      "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "1073741824\n",
      "sys/fs/cgroup/a/memory.current": "900000000\n",
      "sys/fs/cgroup/a/memory.stat": "anon 1\ninactive_file 100000000\n",
    ])
    #expect(share().processors == 3)
    #expect(share().processorBounds.contains { $0.source == "by a quota of 2.50" })
    #expect(share().memory == 1 << 30)
    #expect(ControlGroups(root: folder.path).availableMemory == 1 << 30 - 800_000_000)
  }

  @Test func `a parent cgroup limits its children`() throws {
    try write([
      "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "400000 100000\n",
      "sys/fs/cgroup/a/cpu.max": "50000 100000\n", "sys/fs/cgroup/cpu.max": "max 100000\n",
    ])
    #expect(share().processors == 1)
  }

  @Test func `cgroup v1 limits threads and memory`() throws {
    // As in a container: the path is the host's, the folder that is mounted is the group's own.
    try write([
      "proc/self/cgroup": "5:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n1:name=systemd:/\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "150000\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
      "sys/fs/cgroup/memory/memory.usage_in_bytes": "36870912\n",
    ])
    #expect(share().processors == 2)
    #expect(share().memory == 1 << 29)
    #expect(ControlGroups(root: folder.path).availableMemory == 500_000_000)
  }

  @Test func `cgroup v1 has no memory limit of nearly 2⁶³ bytes`() throws {
    try write([
      "proc/self/cgroup": "3:memory:/\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    ])
    #expect(ControlGroups(root: folder.path).memoryLimit == nil)
  }

  @Test func `ignores unlimited and malformed cgroup files`() throws {
    try write([
      "proc/self/cgroup": "rubbish\n4:cpu:/\n0::/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n", "sys/fs/cgroup/cpu.max": "many 0\n",
      "sys/fs/cgroup/memory.max": "",
    ])
    #expect(share().processors == 16 && share().memory == 64 << 30)
  }

  @Test(
    arguments: [
      ("1", 1), ("3,2", 3), ("100", 16), ("0", 16), ("-2", 16), ("many", 16), ("", 16),
    ])
  func `OMP_NUM_THREADS limits threads`(variable: String, expected: Int) {
    #expect(share(["OMP_NUM_THREADS": variable]).processors == expected)
  }

  @Test func `the current process has a share`() {
    #expect(MachineShare.current.processors >= 1 && MachineShare.current.memory > 1 << 20)
  }
}

import Storage
import TestSupport
import Testing

@testable import Training

@Suite struct LaunchEnvironmentTests {
  @Test func `no launcher is one process`() throws {
    #expect(try LaunchEnvironment.read([:]) == nil)
    #expect(try LaunchEnvironment.read(["RANK": "0", "WORLD_SIZE": "1"]) == nil)
    // A batch script outside srun.
    let batch = ["SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_NODELIST": "node[1-4]"]
    #expect(try LaunchEnvironment.read(batch) == nil)
  }

  @Test func `torchrun, Slurm and Kubernetes state the place`() throws {
    let torchrun = try #require(
      try LaunchEnvironment.read([
        "RANK": "2", "WORLD_SIZE": "4", "MASTER_ADDR": "10.0.0.7", "MASTER_PORT": "1234",
        "TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "1",
      ]))
    #expect((torchrun.rank, torchrun.size) == (2, 4))
    #expect((torchrun.host, torchrun.port) == ("10.0.0.7", 1234))
    #expect(torchrun.launcherServes && torchrun.attempt == 1)

    let slurm = try #require(
      try LaunchEnvironment.read([
        "SLURM_PROCID": "1", "SLURM_NTASKS": "9", "SLURM_STEP_NUM_TASKS": "3",
        "SLURM_STEP_NODELIST": "node[07-09,12],other",
      ]))
    #expect((slurm.rank, slurm.size, slurm.host, slurm.port) == (1, 3, "node07", 29500))
    #expect(!slurm.launcherServes && slurm.attempt == 0)

    let job = try #require(
      try LaunchEnvironment.read([
        "JOB_COMPLETION_INDEX": "1", "PET_NNODES": "2", "PET_MASTER_ADDR": "train-0.train",
        "PET_MASTER_PORT": "23456",
      ]))
    #expect((job.rank, job.size, job.host, job.port) == (1, 2, "train-0.train", 23456))
  }

  @Test(arguments: [
    ("node1,node2", "node1"), ("a[3,5]", "a3"), ("gpu-[001-004]", "gpu-001"), ("", nil),
  ])
  func `the first host of a Slurm list`(list: String, host: String?) {
    #expect(LaunchEnvironment.firstHost(list) == host)
  }

  @Test(arguments: [
    ["RANK": "4", "WORLD_SIZE": "4", "MASTER_ADDR": "a"],
    ["RANK": "-1", "WORLD_SIZE": "4", "MASTER_ADDR": "a"],
    ["RANK": "0", "WORLD_SIZE": "many", "MASTER_ADDR": "a"],
    ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "99999"],
    ["RANK": "0", "WORLD_SIZE": "2"],
  ])
  func `a variable that makes no sense is refused`(variables: [String: String]) {
    #expect(throws: ValueError.self) { try LaunchEnvironment.read(variables) }
  }
}

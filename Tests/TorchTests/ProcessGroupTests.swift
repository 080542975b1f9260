import TestSupport
import Testing
import Torch

/// Several ranks in threads of this process.
@Suite struct ProcessGroupTests {
  @Test(arguments: [1, 2, 3])
  func `every rank has the result of a collective operation`(size: Int) throws {
    let results = try Ranks.run(size) { group in
      let own = Double(group.rank + 1)
      let (sum, largest) = (Tensor([own, 2 * own]), Tensor([own, -own]))
      group.sum(sum)
      group.maximum(largest)
      let shared = Tensor([own])
      group.broadcast(shared, from: size - 1)
      group.barrier()
      let parts = Tensor(rows: (0..<size).map { [Double($0), own] })
      return [
        sum.doubles(), largest.doubles(), shared.doubles(),
        group.gathered(Tensor([own])).doubles(), group.scatteredSum(parts).doubles(),
      ]
    }
    let total = Double(size * (size + 1) / 2)
    for (rank, result) in results.enumerated() {
      #expect(result[0] == [total, 2 * total])
      #expect(result[1] == [Double(size), -1])
      #expect(result[2] == [Double(size)])
      #expect(result[3] == (1...size).map(Double.init))
      #expect(result[4] == [Double(size * rank), total])
    }
  }

  @Test(.enabled("needs the device for tests") { Rehearsal.isAvailable })
  func `tensors of another device have the results of the CPU`() throws {
    func results(on device: Device) throws -> [[[Double]]] {
      try Ranks.run(2) { group in
        let own = Double(group.rank + 1)
        func here(_ numbers: [Double]) -> Tensor { Tensor(numbers).moved(to: device) }
        let (sum, largest, shared) = (here([own, 2 * own]), here([own, -own]), here([own]))
        group.sum(sum)
        group.maximum(largest)
        group.broadcast(shared, from: 1)
        let parts = Tensor(rows: (0..<2).map { [Double($0), own] }).moved(to: device)
        let rows = Tensor.full([group.rank, 2], own, dtype: .float64).moved(to: device)
        let all = [
          sum, largest, shared, group.gathered(here([own])), group.scatteredSum(parts),
          group.gathered(rows: rows, counts: [0, 1]),
        ]
        #expect(all.allSatisfy { $0.device.kind == device.kind })
        return all.map { $0.moved(to: .cpu).doubles() }
      }
    }
    #expect(try results(on: .rehearsal) == results(on: .cpu))
  }

  @Test func `rows of different numbers are gathered in the order of the ranks`() throws {
    let results = try Ranks.run(3) { group in
      let rows = Tensor.full([group.rank, 2], Double(group.rank), dtype: .float64)
      return group.gathered(rows: rows, counts: [0, 1, 2]).doubles()
    }
    #expect(results == [[Double]](repeating: [1, 1, 2, 2, 2, 2], count: 3))
  }

  @Test func `traffic counts the bytes of a rank`() throws {
    let traffic = try Ranks.run(2) { group in
      group.sum(Tensor.zeros([10], dtype: .float64))
      _ = group.gathered(Tensor.zeros([5]))
      return group.traffic
    }
    #expect(traffic.map(\.bytes) == [100, 100])
    #expect(traffic.map(\.calls) == [2, 2])
  }

  @Test func `a rank that does not take part is an error after the timeout`() throws {
    let clock = ContinuousClock()
    let begun = clock.now
    #expect {
      try Ranks.run(2, timeout: .seconds(5)) { group in
        if group.rank == 0 { group.sum(Tensor([1.0])) }
      }
    } throws: { error in
      let error = error as? TorchError
      return error?.kind == .collective && error?.message.contains("rank 0 of 2 lost") ?? false
    }
    #expect(clock.now - begun < .seconds(25))
  }

  @Test func `nobody at the port is an error after the timeout`() throws {
    #expect {
      try RendezvousStore(host: "127.0.0.1", port: 1, serves: false, timeout: .seconds(1))
    } throws: { error in
      (error as? TorchError)?.message.contains("no rank 0 answered at 127.0.0.1:1") ?? false
    }
  }

  @Test func `a port that is taken is an error`() throws {
    let store = try RendezvousStore(host: "127.0.0.1", port: 0, serves: true)
    #expect {
      try RendezvousStore(host: "127.0.0.1", port: store.port, serves: true)
    } throws: { error in
      (error as? TorchError)?.message.contains("rank 0 cannot serve") ?? false
    }
  }

  @Test func `a store keeps values and counts`() throws {
    let store = try RendezvousStore(host: "127.0.0.1", port: 0, serves: true)
    let client = try RendezvousStore(host: "127.0.0.1", port: store.port, serves: false)
    try client.set("a", to: [1, 2])
    #expect(try store.value(of: "a", timeout: .seconds(1)) == [1, 2])
    try store.add(2, to: "n")
    #expect(try client.add(3, to: "n") == 5)
    #expect(throws: TorchError.self) { try store.value(of: "b", timeout: .milliseconds(50)) }
  }
}

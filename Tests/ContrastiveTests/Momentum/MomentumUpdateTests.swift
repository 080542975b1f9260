import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct MomentumUpdateTests {
  private func pair() -> (online: Linear, target: Linear) {
    let generator = Generator(seed: 1)
    return (
      Linear(from: 3, to: 2, generator: generator), Linear(from: 3, to: 2, generator: generator)
    )
  }

  @Test func `every weight moves by 1 − momentum`() throws {
    let (online, target) = pair()
    let before = target.parameters.map { $0.tensor.doubles() }
    let goal = online.parameters.map { $0.tensor.doubles() }
    try MomentumUpdate(momentum: 0.9)(target, towards: online)
    for (place, moved) in target.parameters.enumerated() {
      let expected = zip(before[place], goal[place]).map { 0.9 * $0 + 0.1 * $1 }
      expectClose(moved.tensor.doubles(), expected, tolerance: 1e-6, moved.name)
      #expect(moved.tensor.requiresGradient)
    }
    #expect(online.parameters.map { $0.tensor.doubles() } == goal)
  }

  @Test func `repeated steps shrink the distance geometrically`() throws {
    let (online, target) = pair()
    let start = (target.weight - online.weight).norm().scalar
    for _ in 0..<10 { try MomentumUpdate(momentum: 0.8)(target, towards: online) }
    let expected = start * pow(0.8, 10)
    expectClose((target.weight - online.weight).norm().scalar, expected, tolerance: 1e-5)
    try MomentumUpdate(momentum: 0)(target, towards: online)
    #expect(target.weight.isIdentical(to: online.weight))
  }

  @Test func `keeps no autograd graph`() throws {
    let (online, target) = pair()
    try MomentumUpdate()(target, towards: online)
    let output = target(Tensor.ones([1, 3])).sum()
    let slopes = try gradients(of: output, withRespectTo: [online.weight, target.weight])
    #expect(slopes[0] == nil && slopes[1] != nil)
  }

  @Test func `starts as a copy`() throws {
    let (online, target) = pair()
    try MomentumUpdate().begin(target, from: online)
    #expect(target.weight.isIdentical(to: online.weight))
    #expect(!target.weight.isSame(as: online.weight))
    let other = Linear(from: 4, to: 2, generator: Generator(seed: 2))
    #expect(throws: ValueError.self) { try MomentumUpdate().begin(other, from: online) }
  }

  @Test func `the schedule is a half cosine`() {
    let update = MomentumUpdate(momentum: 0.996)
    #expect(update.at(step: 0, of: 100) == update)
    expectClose(update.at(step: 50, of: 100).momentum, 0.998)
    expectClose(update.at(step: 25, of: 100).momentum, 1 - 0.004 * (cos(.pi / 4) + 1) / 2)
    #expect(update.at(step: 100, of: 100).momentum == 1)
  }

  @Test func `traps on different networks`() async {
    await #expect(processExitsWith: .failure) {
      let generator = Generator(seed: 1)
      try MomentumUpdate()(
        Linear(from: 3, to: 2, generator: generator),
        towards: Linear(from: 2, to: 3, generator: generator))
    }
  }
}

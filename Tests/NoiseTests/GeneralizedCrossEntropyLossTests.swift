import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct GeneralizedCrossEntropyLossTests {
  @Test func `agrees with the authors of ALDR-KL`() throws {
    try ClassLossCases.agree(GeneralizedCrossEntropyLoss.self, cases: 4)
  }

  @Test func `keeps the laws of a mean over examples`() throws {
    try ClassLossCases.keepsItsLaws(GeneralizedCrossEntropyLoss())
  }

  @Test func `lies between cross-entropy and absolute error`() throws {
    let (scores, classes) = (ClassLossCases.scores[0], ClassLossCases.classes)
    let own = zip(scores, classes).map { ClassLossCases.softmax($0)[$1] }
    expectClose(
      try ClassLossCases.terms(GeneralizedCrossEntropyLoss(exponent: 1e-9), scores, classes),
      own.map { -log($0) }, tolerance: 1e-7)
    expectClose(
      try ClassLossCases.terms(GeneralizedCrossEntropyLoss(exponent: 1), scores, classes),
      own.map { 1 - $0 }, tolerance: 1e-12)
    expectClose(
      try ClassLossCases.terms(GeneralizedCrossEntropyLoss(), [[0, 0, 0, 0]], [1]),
      [(1 - pow(0.25, 0.7)) / 0.7], tolerance: 1e-12)
  }
}

import Learning
import TestSupport
import Testing
import Torch

/// The checks that every loss over labels passes; what is its own is in its own suite.
@Suite struct SharedLabelLossTests {
  @Test(arguments: LabelLossChecks.names) func agreesWithTheGolden(name: String) throws {
    try LabelLossChecks.agreesWithTheGolden(LabelLossChecks.loss(named: name))
  }

  @Test(arguments: LabelLossChecks.names) func gradientsMatchDifferences(name: String) throws {
    try LabelLossChecks.gradientsMatchDifferences(LabelLossChecks.loss(named: name))
  }

  @Test(arguments: LabelLossChecks.names)
  func orderAndRepetitionChangeNothing(name: String) throws {
    try LabelLossChecks.keepsItsLaws(LabelLossChecks.loss(named: name))
  }

  @Test func asManyPlacesAsPositivesKeepTheLawsToo() throws {
    try LabelLossChecks.gradientsMatchDifferences(PlaceForEachPositive.self)
    try LabelLossChecks.keepsItsLaws(PlaceForEachPositive.self)
  }

  @Test(arguments: LabelLossChecks.names) func notANumberStaysVisible(name: String) throws {
    try LabelLossChecks.passesNotANumberOn(LabelLossChecks.loss(named: name))
  }

  @Test(arguments: LabelLossChecks.names)
  func dependsOnNeitherBlocksNorThreads(name: String) throws {
    try LabelLossChecks.dependsOnNeitherBlocksNorThreads(LabelLossChecks.loss(named: name))
  }

  @Test(arguments: LabelLossChecks.names) func differentiatesWhatIsAsked(name: String) throws {
    try LabelLossChecks.differentiatesWhatIsAsked(LabelLossChecks.loss(named: name))
  }

  @Test(arguments: LabelLossChecks.names)
  func survivesARoundTripThroughItsRecord(name: String) throws {
    try LabelLossChecks.survivesARoundTrip(LabelLossChecks.loss(named: name))
  }
}

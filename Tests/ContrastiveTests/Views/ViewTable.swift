import Contrastive
import TestSupport

/// The random views, a row for each.
enum ViewTable {
  static let rows = pictures + series + texts

  private static let pictures: [ViewRow] = [
    // The only picture of a batch has its own style.
    ViewRow(BatchStyleStandardization(), neutral: [], shape: [3, 2, 6, 7]),
    ViewRow(
      BatchStyleStandardization(), form: "one picture", neutral: [BatchStyleStandardization()],
      shape: [1, 2, 6, 7], laws: [.neutral]),
    ViewRow(
      ColourJitter(),
      neutral: [
        ColourJitter(brightness: 0, contrast: 0, saturation: 0, hue: 0, probability: 1),
        ColourJitter(probability: 0),
      ], shape: [3, 3, 4, 4]),
    ViewRow(
      GaussianBlur(kernel: 5),
      neutral: [GaussianBlur(smallestWidth: 0.01, largestWidth: 0.01, probability: 1)],
      shape: [2, 1, 5, 5]),
    ViewRow(HorizontalFlip(), neutral: [HorizontalFlip(probability: 0)], shape: [8, 2, 4, 5]),
    ViewRow(
      RandomGreyscale(probability: 0.5), neutral: [RandomGreyscale(probability: 0)],
      shape: [8, 3, 4, 4]),
    ViewRow(RandomResizedCrop(), neutral: [], shape: [2, 3, 5, 7]),
    ViewRow(ImageViews.smallPictures, neutral: [ImageViews()], shape: [8, 3, 28, 28]),
    ViewRow(
      ImageViews.characters, form: "characters", neutral: [], shape: [8, 1, 28, 28],
      laws: [.state, .record]),
  ]

  private static let series: [ViewRow] = [
    ViewRow(
      SeriesCrop(), neutral: [SeriesCrop(smallestShare: 1)], shape: [3, 2, 7], tolerance: 1e-11),
    ViewRow(SeriesJitter(), neutral: [SeriesJitter(deviation: 0)], shape: [3, 2, 7]),
    ViewRow(SeriesPermutation(), neutral: [SeriesPermutation(largestCount: 1)], shape: [3, 2, 7]),
    ViewRow(SeriesScaling(), neutral: [SeriesScaling(deviation: 0)], shape: [3, 2, 7]),
  ]

  private static let texts: [ViewRow] = [
    ViewRow(
      TokenDropout(), neutral: [TokenDropout(probability: 0)], texts: [Array(0..<40), [3, 1], []]
    ) { $0($1, generator: $2) },
    ViewRow(SpanMask(), neutral: [SpanMask(share: 0)], texts: [Array(0..<40), [3, 1], []]) {
      $0($1, generator: $2)
    },
  ]
}

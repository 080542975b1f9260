import Foundation
public import Torch

/// Crops a random rectangle from each image and resizes it to the full size.
///
/// Draws a share a of the area and an aspect ratio ρ of width to height, with log ρ uniform; the
/// rectangle of h = √(a H W / ρ) by w = √(a H W ρ), rounded, is placed uniformly where it fits. If
/// none of ten draws fits, it is the largest central rectangle within the allowed ratios. Values
/// between pixels are interpolated linearly, from pixels of the rectangle only:
///
///     y(t, u) = x(top + clamp((t + ½) h / H − ½), left + clamp((u + ½) w / W − ½))
///
/// - Paper: Szegedy et al. Going Deeper with Convolutions. CVPR 2015, section 6.
///   <https://arxiv.org/abs/1409.4842>. As a contrastive view: Chen, Kornblith, Norouzi, Hinton. A
///   Simple Framework for Contrastive Learning of Visual Representations. ICML 2020, appendix A.
///   <https://arxiv.org/abs/2002.05709>
/// - Gradient: reaches the images.
/// - Units: those of the images.
/// - Departures: SimCLR's code uses bicubic interpolation, torchvision smooths if the image
///   shrinks; a crop here never shrinks it.
public struct RandomResizedCrop: BatchView {
  /// The minimum share of the area; MoCo's and SimSiam's code use 0.2 for small images, SimCLR's
  /// uses 0.08.
  public var smallestArea: Double
  /// The maximum share of the area; default 1, from the papers.
  public var largestArea: Double
  /// The maximum aspect ratio either way, ≥ 1; default 4/3, from the papers.
  public var largestRatio: Double

  /// Creates a view.
  public init(
    smallestArea: Double = 0.2, largestArea: Double = 1, largestRatio: Double = 4.0 / 3
  ) {
    self.smallestArea = smallestArea
    self.largestArea = largestArea
    self.largestRatio = largestRatio
  }

  /// A part of an image, in pixels.
  public struct Box: Hashable, Sendable {
    /// The first row.
    public var top: Int
    /// The first column.
    public var left: Int
    /// The number of rows.
    public var height: Int
    /// The number of columns.
    public var width: Int

    /// Creates a box of `height` × `width` pixels.
    public init(top: Int, left: Int, height: Int, width: Int) {
      self.top = top
      self.left = left
      self.height = height
      self.width = width
    }
  }

  /// Draws boxes for `count` images.
  ///
  /// - Precondition: 0 < `smallestArea` ≤ `largestArea` ≤ 1 ≤ `largestRatio`.
  public func draw(count: Int, height: Int, width: Int, generator: Generator) -> [Box] {
    precondition(
      smallestArea > 0 && smallestArea <= largestArea && largestArea <= 1 && largestRatio >= 1,
      "areas \(smallestArea) ... \(largestArea), ratios up to \(largestRatio)")
    let draws = Tensor.uniform([count, 2, 10], generator: generator, dtype: .float64).doubles()
    let places = Tensor.uniform([count, 2], generator: generator, dtype: .float64).doubles()
    return (0..<count).map { row in
      var box = middle(height: height, width: width)
      for attempt in 0..<10 {
        let share =
          smallestArea + (largestArea - smallestArea) * draws[20 * row + attempt]
        let ratio = pow(largestRatio, 2 * draws[20 * row + 10 + attempt] - 1)
        let area = share * Double(height * width)
        let (h, w) = (
          Int((area / ratio).squareRoot().rounded(.toNearestOrEven)),
          Int((area * ratio).squareRoot().rounded(.toNearestOrEven))
        )
        guard h >= 1, h <= height, w >= 1, w <= width else { continue }
        box = Box(
          top: Int(places[2 * row] * Double(height - h + 1)),
          left: Int(places[2 * row + 1] * Double(width - w + 1)), height: h, width: w)
        break
      }
      return box
    }
  }

  private func middle(height: Int, width: Int) -> Box {
    let h = min(height, max(Int((Double(width) * largestRatio).rounded()), 1))
    let w = min(width, max(Int((Double(height) * largestRatio).rounded()), 1))
    return Box(top: (height - h) / 2, left: (width - w) / 2, height: h, width: w)
  }

  /// The given boxes, resized to the full size.
  ///
  /// - Precondition: one box per image, within it.
  public func callAsFunction(_ batch: Tensor, boxes: [Box]) -> Tensor {
    requirePictures(batch)
    let (height, width) = (batch.size(along: 2), batch.size(along: 3))
    precondition(
      boxes.count == batch.size(along: 0)
        && boxes.allSatisfy {
          $0.top >= 0 && $0.left >= 0 && $0.height >= 1 && $0.width >= 1
            && $0.top + $0.height <= height && $0.left + $0.width <= width
        }, "\(boxes.count) boxes that do not lie in \(batch.shape)")
    let rows = places(boxes.map { ($0.top, $0.height) }, of: height, like: batch)  // [N, H]
    let columns = places(boxes.map { ($0.left, $0.width) }, of: width, like: batch)  // [N, W]
    let shape = [boxes.count, height, width]
    let grid = Tensor.stacked(
      [
        columns.expandingDimension(at: 1).expanded(to: shape),
        rows.expandingDimension(at: 2).expanded(to: shape),
      ], along: 3)
    // Bilinear; outside pixels repeat the border; −1 and 1 are the outer edges of the image.
    return Ops.sample(.tensor(batch), .tensor(grid), 0, 1, false)
  }

  /// A view of images `[N, C, H, W]`.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requirePictures(batch)
    let shape = batch.shape
    return self(
      batch,
      boxes: draw(count: shape[0], height: shape[2], width: shape[3], generator: generator))
  }

  /// The source position of each output pixel along an axis of `length` pixels, −1 … 1.
  private func places(
    _ spans: [(first: Int, count: Int)], of length: Int, like batch: Tensor
  ) -> Tensor {
    var places: [Double] = []
    places.reserveCapacity(spans.count * length)
    for (first, count) in spans {
      for target in 0..<length {
        let source = (Double(target) + 0.5) * Double(count) / Double(length) - 0.5
        let pixel = Double(first) + min(max(source, 0), Double(count - 1))
        places.append((2 * pixel + 1) / Double(length) - 1)
      }
    }
    return Tensor(places, shape: [spans.count, length]).converted(to: batch.dtype)
      .moved(to: batch.device)
  }

  private enum Ops {
    static let sample = Op("aten::grid_sampler")
  }
}

// Trains an image encoder without labels: pulls two views of each image together.

import Contrastive
import Torch

let random = Generator(seed: 0)
let encoder = ConvolutionalEncoder(.init(widths: [16, 32]), generator: random)
let head = ProjectionHead(.simCLR(inputs: 32, outputs: 16), generator: random)
let parameters = (encoder.parameters + head.parameters).map(\.tensor)
let optimizer = AdamW(parameters, .init(learningRate: 1e-3))
let views = ImageViews.characters

// Your images, `[N, 1, 28, 28]` in 0 … 1; `ImageSet` reads IDX and PNG files.
let pictures = Tensor.uniform([64, 1, 28, 28], generator: random)
for _ in 0..<3 {
  let (first, second) = (
    views(pictures, generator: random), views(pictures, generator: random)
  )
  let loss = try DCLLoss()(first: head(encoder(first)), second: head(encoder(second)))
  optimizer.clearGradients()
  try loss.backward()
  try optimizer.step()
  print(loss.scalar)
}

public import Images

/// Draws activations over the picture that causes them.
public enum HeatMap {
  /// Colours from nothing to the most, equally far apart: dark violet, red, orange, light yellow.
  private static let colors: [[Float]] = [
    [60, 15, 110], [190, 30, 90], [245, 115, 40], [255, 240, 150],
  ]
  /// How much of the colour covers the picture where the activation is smallest and largest.
  private static let cover: ClosedRange<Float> = 0.25...0.8

  /// The picture in gray with the map over it, brought to its extents bilinearly, and the mask's outline: white
  /// inside, black outside.
  ///
  /// - Parameters:
  ///   - map: The activations.
  ///   - picture: What caused them.
  ///   - mask: Bright where the picture was inpainted; of the picture's extents.
  ///   - range: The activations that get the first and the last colour.
  /// - Returns: the drawing, or the picture itself if the mask has other extents.
  public static func drawing(
    of map: ActivationMap, over picture: Picture, mask: Picture, range: ClosedRange<Float>
  ) -> Picture {
    let (width, height) = (picture.width, picture.height)
    guard mask.width == width, mask.height == height else { return picture }
    let region = mask.bright
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * 3)
    for row in 0..<height {
      for column in 0..<width {
        if let edge = edge(region, row, column, height: height, width: width) {
          pixels += [edge, edge, edge]
          continue
        }
        // Both grids have their first and last borders in common, not the middles of their pixels.
        let value = map.value(
          row: (Double(row) + 0.5) * Double(map.rows) / Double(height) - 0.5,
          column: (Double(column) + 0.5) * Double(map.columns) / Double(width) - 0.5)
        pixels += blended(share(of: value, in: range), Float(picture.luma(row * width + column)))
      }
    }
    return Picture(width: width, height: height, pixels: pixels) ?? picture
  }

  private static func share(of value: Float, in range: ClosedRange<Float>) -> Float {
    let width = range.upperBound - range.lowerBound
    guard width > 0, width.isFinite, value.isFinite else { return 0 }
    return min(max((value - range.lowerBound) / width, 0), 1)
  }

  private static func blended(_ share: Float, _ gray: Float) -> [UInt8] {
    let place = share * Float(colors.count - 1)
    let first = min(Int(place), colors.count - 2)
    let along = place - Float(first)
    let opacity = cover.lowerBound + (cover.upperBound - cover.lowerBound) * share
    return (0..<3).map { channel in
      let color = colors[first][channel] * (1 - along) + colors[first + 1][channel] * along
      return UInt8((gray * (1 - opacity) + color * opacity).rounded())
    }
  }

  /// White on the inner side of the region's border, black on the outer one; nil elsewhere.
  private static func edge(
    _ region: [Float], _ row: Int, _ column: Int, height: Int, width: Int
  ) -> UInt8? {
    let own = region[row * width + column]
    let neighbours = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    let isEdge = neighbours.contains { row, column in
      (0..<height).contains(row) && (0..<width).contains(column)
        && region[row * width + column] != own
    }
    return isEdge ? (own == 1 ? 255 : 0) : nil
  }
}

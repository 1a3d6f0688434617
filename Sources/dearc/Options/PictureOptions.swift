import ArgumentParser

/// Pictures that two models are compared on.
struct PictureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A folder of pictures, JPEG, PNG or WebP, that both models are given.",
      discussion: "They are prepared as the file before states, or as --preprocess says.",
      valueName: "folder"))
  var images: String?

  @OptionGroup var preprocessing: PreprocessingOptions

  /// The pictures, if there is a folder, prepared for both models alike.
  ///
  /// - Throws: `Failure` if they cannot be given to both.
  func listed(_ before: ComparedModel, _ after: ComparedModel) throws -> ComparedPictures? {
    try images.map { try ComparedPictures(in: $0, preprocessing, before, after) }
  }

  func validate() throws {
    if let option = preprocessing.given.first, images == nil {
      throw ValidationError("\(option) is for the pictures of --images.")
    }
  }
}

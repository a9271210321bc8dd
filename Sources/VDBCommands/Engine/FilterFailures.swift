import CommandLineParsing
import MetadataFilters

extension CommandFailure {
  /// A filter that cannot be used: the sentence, the text with a caret below the trouble, and what to do.
  ///
  /// `name` says where the filter stood, as `--filter`; `text` is the filter; `fields` are names that it may have meant.
  init(_ error: FilterError, _ name: String, text: String) {
    var details: [String] = []
    if let (line, caret) = error.pointer(in: text) { details = [line, caret] }
    var hint = error.hint
    if let misspelt = error.misspelt,
      let near = Suggestions.nearest(to: misspelt.word, among: misspelt.candidates).first
    {
      hint = "did you mean \(near)?"
    }
    let place = error.placeName(in: text).map { "\($0): " } ?? ""
    self.init(
      .usage, code: error.code.rawValue, "\(name): \(place)\(error.description)", hint: hint, details: details
    )
  }
}

package import CommandLineParsing

/// Options of every command that selects records.
extension SharedOptions {
  package static let filter = Option(
    "filter", .text, "FILTER", summary: "Only records that match, such as \"lang = 'en' AND year >= 2020\"",
    details: "The language is described in vdb-filter(7). Words from elsewhere belong into `--param`.")
  package static let filterJSON = Option(
    "filter-json", .text, "JSON", summary: "The filter as JSON, also in the forms of other databases")
  package static let param = Option(
    "param", .assignment(), "NAME=JSON", repetition: .list,
    summary: "The value that stands for :NAME in the filter",
    details: "Values given so are never read as a part of the filter.")
  package static let now = Option("now", .time, "TIME", summary: "The time that `NOW()` gives in the filter")

  /// For commands that select records.
  package static let filtering = [filter, filterJSON, param, now]
  /// What the options demand of each other.
  package static let filterGroup = ExclusiveGroup(["filter", "filter-json"])
  package static let filterDependencies = [
    Dependency("param", needs: "filter", "filter-json"), Dependency("now", needs: "filter", "filter-json"),
  ]
}

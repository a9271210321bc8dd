/// A regular expression that matches in linear time.
package struct RegularExpression: Sendable {
  static func check(_ pattern: [UInt8], at place: FilterError.Place) throws(FilterError) {}
}

import FileStorage

/// A setting that can be changed while the collection lives.
package struct SettingKey: Sendable {
  package let name: String
  package let defaultValue: String
  package let meaning: String
  /// Allowed numbers, inclusive; for a setting that holds a number.
  let range: ClosedRange<UInt64>
  /// The allowed words; empty for a setting that holds a number.
  package let words: [String]

  private init(
    name: String, defaultValue: String, meaning: String, range: ClosedRange<UInt64> = 0...0,
    words: [String] = []
  ) {
    self.name = name
    self.defaultValue = defaultValue
    self.meaning = meaning
    self.range = range
    self.words = words
  }

  /// Whether there is a value when none is set.
  package var hasDefault: Bool { defaultValue != "none" }
  /// Whether the value is a number of bytes.
  package var isSize: Bool { name.hasSuffix("bytes") || name == "quota.min-free" }

  /// Every key that there is.
  package static let all: [SettingKey] = [
    SettingKey(
      name: "wal.max-bytes", defaultValue: "16777216",
      meaning: "bytes of log after which a writer moves its records into a segment", range: 65_536...(1 << 40)
    ),
    SettingKey(
      name: "wal.max-records", defaultValue: "16384",
      meaning: "records of log after which a writer moves them into a segment", range: 1...(1 << 32)),
    SettingKey(
      name: "quota.max-vectors", defaultValue: "none", meaning: "rows that the collection may hold at most",
      range: 0...(1 << 62)),
    SettingKey(
      name: "quota.max-bytes", defaultValue: "none",
      meaning: "bytes of segments and log beyond which rows are refused", range: 0...(1 << 62)),
    SettingKey(
      name: "quota.min-free", defaultValue: "67108864",
      meaning: "bytes that a write must leave free on the file system", range: 0...(1 << 62)),
    SettingKey(
      name: IndexPolicy.settingKey, defaultValue: "auto",
      meaning: "the index that import builds of what it adds", words: IndexChoice.names),
  ]

  /// Finds a key by name.
  package static func named(_ name: String) -> SettingKey? { all.first { $0.name == name } }

  /// Checks a value: one of the key's words, or a whole number in its range.
  package func check(_ value: String) throws(DatabaseError) {
    guard words.isEmpty else {
      if words.contains(value) { return }
      throw .invalidSetting(
        field: name, value: value, expected: "one of " + words.joined(separator: ", "))
    }
    guard let number = UInt64(value), range.contains(number) else {
      throw .invalidSetting(
        field: name, value: value, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
  }
}

extension CollectionWriter {
  /// Sets or removes (nil) one setting by a manifest commit.
  ///
  /// - Throws: `.invalidSetting` for an unknown key or a value outside its range.
  package func configure(_ key: String, _ value: String?) throws(DatabaseError) -> UInt64 {
    guard let known = SettingKey.named(key) else {
      throw .invalidSetting(
        field: key, value: value ?? "",
        expected: "one of " + SettingKey.all.map(\.name).joined(separator: ", "))
    }
    if let value { try known.check(value) }
    var manifest = state.manifest
    manifest.settings[key] = value
    let published = try publish([], manifest)
    try reopen(published)
    GarbageCollector.collectIfFree(self)
    return published.version
  }
}

// swift-tools-version: 6.2
import PackageDescription

// The floor plan, from the ground up: a target may import only targets above it in this list that
// it names here. Tests/FloorPlanTests checks the import lines against this table.
let floors: [(name: String, imports: [String])] = [
  ("FileStorage", ["CVectorKernels"]),
  ("VectorMath", ["CVectorKernels"]),
  ("Quantization", ["VectorMath", "CVectorKernels"]),
  ("VectorIndexes", ["Quantization", "VectorMath", "FileStorage", "CVectorKernels"]),
  ("MetadataFilters", ["VectorMath", "FileStorage"]),
  (
    "VectorDatabase", ["MetadataFilters", "VectorIndexes", "Quantization", "VectorMath", "FileStorage"]
  ),
  ("DataFormats", ["MetadataFilters", "VectorMath", "FileStorage"]),
  ("CommandLineParsing", []),
  (
    "VDBCommands",
    [
      "CommandLineParsing", "DataFormats", "VectorDatabase", "MetadataFilters", "VectorIndexes", "VectorMath",
      "FileStorage",
    ]
  ),
]

// Each test target and the floors it reaches into. None may depend on the `vdb` executable.
let tests: [(name: String, imports: [String])] = [
  ("FloorPlanTests", []),
  ("FileStorageTests", ["FileStorage"]),
  ("VectorMathTests", ["VectorMath", "CVectorKernels"]),
  ("QuantizationTests", ["Quantization", "VectorMath", "CVectorKernels"]),
  (
    "VectorIndexesTests", ["VectorIndexes", "Quantization", "VectorMath", "FileStorage", "CVectorKernels"]
  ),
  ("MetadataFiltersTests", ["MetadataFilters", "VectorMath", "FileStorage"]),
  (
    "VectorDatabaseTests",
    [
      "VectorDatabase", "VectorIndexes", "Quantization", "MetadataFilters", "VectorMath", "FileStorage",
      "AllocationCounter",
    ]
  ),
  ("DataFormatsTests", ["DataFormats", "MetadataFilters", "VectorMath", "FileStorage"]),
  ("CommandLineParsingTests", ["CommandLineParsing"]),
  ("CrashTests", ["VectorDatabase", "VectorIndexes", "MetadataFilters", "VectorMath", "FileStorage"]),
  ("FormatTests", ["VectorDatabase", "VectorIndexes", "MetadataFilters", "VectorMath", "FileStorage"]),
  ("EndToEndTests", []),
  ("DocumentationTests", ["CommandLineParsing", "VDBCommands", "FileStorage"]),
]

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
let math: [LinkerSetting] = [.linkedLibrary("m", .when(platforms: [.linux]))]

let package = Package(
  name: "vdb",
  products: [.executable(name: "vdb", targets: ["vdb"])],
  targets: [
    // Plain C, one body per kernel in bodies/, compiled once for each instruction set.
    .target(name: "CVectorKernels", exclude: ["bodies"])
  ]
    + floors.map { floor in
      .target(
        name: floor.name, dependencies: floor.imports.map { .target(name: $0) },
        swiftSettings: swiftSettings, linkerSettings: math)
    }
    + [
      // A program without a dynamic loader starts in half the time of one with a static runtime only. Its linker is
      // told not to warn, because the runtime names dlopen, which is never called. Tests must not depend on this target:
      // they run the built tool instead, so its linker flags never reach the test runner.
      .executableTarget(
        name: "vdb", dependencies: ["VDBCommands"], swiftSettings: swiftSettings,
        linkerSettings: [
          .unsafeFlags(
            ["-static-executable", "-use-ld=lld", "-Xlinker", "--no-warnings"],
            .when(platforms: [.linux], configuration: .release))
        ]),
      .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
      .target(
        name: "TestSupport", dependencies: ["FileStorage"], path: "Tests/TestSupport",
        swiftSettings: swiftSettings),
    ]
    + tests.map { test in
      .testTarget(
        name: test.name, dependencies: (test.imports + ["TestSupport"]).map { .target(name: $0) },
        swiftSettings: [.swiftLanguageMode(.v6)])
    },
  cLanguageStandard: .c17
)

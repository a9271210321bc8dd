/// Files that may say `unsafe`, and why.
///
/// Everything else works on arrays and values. A file that needs it no longer is to be taken off the list.
struct UnsafeFiles {
  let reason: String
  /// Names without `.swift`, by folder below `Sources`.
  let files: [String: [String]]

  static let all: [UnsafeFiles] = [
    UnsafeFiles(
      reason: "System calls and their buffers, memory mappings and the handler of bad pages.",
      files: [
        "FileStorage/System": [
          "AtomicOutputFile", "FileSystem", "MappedBytes+Advice", "MappedFileTable", "OpenFile",
          "PageResidency",
          "RealFileSystem+Files",
          "RealFileSystem+Folders", "RealFileSystem+Resolution", "RealFileSystem+Roots", "RealFileSystem",
        ]
      ]),
    UnsafeFiles(
      reason:
        "Bytes of files, read and written in place: every offset is checked against the bytes at hand first.",
      files: [
        "FileStorage/Encoding": [
          "ByteReader", "ByteWriter", "CanonicalJSON", "Checksum", "DecimalFloat+Rounding",
          "DecimalFloat", "JSONParser", "JSONScanner+Numbers", "JSONScanner+Strings", "JSONScanner",
          "JSONWriter", "PowersOfFive", "SHA256", "ScannedDecimal", "SipHash", "UUID16",
        ],
        "FileStorage/Log": [
          "LogBatch", "LogFormat", "LogParser", "LogWriter",
        ],
        "FileStorage/Manifest": [
          "ManifestCodec"
        ],
        "FileStorage/Segment": [
          "AtomicBitmap", "ContainerFile", "ContainerLayout", "ContainerTables", "ContainerVerification",
          "ContainerWriter", "DeletionFile", "FlippedBit", "SectionName", "SpillFile",
        ],
      ]),
    UnsafeFiles(
      reason: "Kernels in C and the loops around them, which take pointers to whole blocks of rows.",
      files: [
        "VectorMath": [
          "ColumnMasks", "ExactDistance", "FastDistance+Tiles", "FastDistance", "HalfPrecision",
          "NearestCentroid", "StoredVector", "VectorTile",
        ],
        "Quantization": [
          "FrameQuery+Bounds", "FrameQuery+Tiles", "FrameQuery", "RaBitQuantizer", "RowSource",
          "VectorFrame+Coding", "VectorFrame+Fitting", "VectorFrame+Query",
          "VectorFrame",
        ],
        "VectorIndexes": [
          "IndexFileParts", "StoredVectors",
        ],
        "VectorIndexes/Flat": [
          "FlatIndex+Scan", "FlatIndex+Verification", "FlatIndex", "FlatIndexBuilder", "FlatScratch",
        ],
        "VectorIndexes/Graph": ["CodeKernels", "GraphPoints", "WorkArray"],
        "VectorIndexes/Graph/Building": [
          "LocalityOrder",
          "CellOffers", "CellPoints", "CellWork", "CodeGroups", "GraphBuilder", "GraphHealing", "LeaderSet",
          "LeafNeighbors", "NeighborLists", "NeighborSelection",
          "Partition", "Reservoirs", "Sketches",
        ],
        "VectorIndexes/Graph/Searching": [
          "CodeScan", "FilteredWalk", "GraphQuery", "GraphRouter", "GraphView", "GraphWalk", "NodeFilter",
          "Prefetch", "SearchPools",
        ],
        "VectorIndexes/Graph/Stored": [
          "GraphAssembly", "GraphCalibrator+Sweep", "GraphCalibrator+Truth", "GraphCalibrator",
          "GraphContents",
          "GraphIndex+Verification", "GraphIndex", "GraphIndexBuilder", "GraphRemeasuring",
        ],
      ]),
    UnsafeFiles(
      reason: "Columns and records of mapped segments, as slices whose bounds were checked at opening.",
      files: [
        "MetadataFilters": [
          "ByteComparison"
        ],
        "MetadataFilters/Columns": [
          "Column", "ColumnCollector+Tokens", "ColumnCollector", "ColumnSections", "ColumnSet",
          "ColumnSetBuilder", "ColumnTable", "DictionaryMerge", "LiveColumn", "PathTable",
          "SectionOutput", "SpillArea", "StringDictionary", "StringInterner",
        ],
        "MetadataFilters/Expression": [
          "FilterInstant+Text", "FilterValueSet+Builder", "FilterValueSet", "LikePattern", "LowerCase",
          "ScalarTest", "TextPattern",
        ],
        "MetadataFilters/Evaluation": [
          "BlockEvaluator", "BlockScanner", "CodeTests", "ColumnPair", "FieldCounts", "FieldIntervals",
          "FilterRowSource", "FieldKeys", "FieldScan", "FilterPlanner+Predicates",
          "LeafReader",
        ],
        "MetadataFilters/Interpreter": [
          "FilterInterpreter", "FilterInterpreter+Walk", "RecordBytes",
        ],
        "MetadataFilters/JSON": [
          "FilterJSONValue"
        ],
        "MetadataFilters/Language": [
          "FilterFile+Lines"
        ],
        "MetadataFilters/Regex": [
          "RegexMatcher", "RegexTable",
        ],
        "MetadataFilters/Schema": [
          "SchemaInference", "SchemaValidator",
        ],
        "MetadataFilters/Records": [
          "RecordBatch", "RecordID+Parsing",
        ],
      ]),
    UnsafeFiles(
      reason: "Rows of mapped segments and of logs, handed on as slices without a copy for each row.",
      files: [
        "VectorDatabase/Index": [
          "RecallMeasurement"
        ],
        "VectorDatabase/Reading": [
          "CollectionInfo", "CollectionState", "LogTail", "RowAccess",
          "RowFiltering", "RowOrdering", "RowSampling",
        ],
        "VectorDatabase/Search": [
          "QueryState", "Search", "SearchSession+Codes", "SearchSession+Filtered", "SearchSession+Graph",
          "SearchSession+GraphRanking",
          "SearchSession+Ranking",
          "SearchSession+Vectors",
          "SearchSession",
        ],
        "VectorDatabase/Segment": [
          "IDHashIndex", "PayloadBlocks", "RowBlock", "Segment", "SegmentBuilder", "SegmentDamage",
          "SegmentLayout", "SegmentVerification", "ShrinkingColumn",
        ],
        "VectorDatabase/Upkeep": [
          "Purge"
        ],
        "VectorDatabase/Writing": [
          "BulkImport", "Checkpoint", "RowWriting", "VectorChecks",
          "SchemaChanges",
        ],
      ]),
    UnsafeFiles(
      reason: "Blocks of text and of numbers from files to be imported, scanned in place.",
      files: [
        "DataFormats/CSV": [
          "ByteSearch", "CSVCells", "CSVChunk+Metadata", "CSVChunk+Vector", "CSVChunk", "CSVReader",
          "CSVSplitter", "CSVWriter",
        ],
        "DataFormats/HDF5": [
          "HDF5Bytes", "HDF5File",
        ],
        "DataFormats/JSON": [
          "JSONRecordReader", "JSONRecordWriter", "RecordBlock", "RecordChangeReader", "RecordFraming",
          "RecordParser+Fields", "RecordParser+Vector", "RecordParser",
        ],
        "DataFormats/NPY": [
          "NPYElement+Conversion", "NPYHeader", "NPYRows", "NPYWriter",
        ],
        "DataFormats/Shared": [
          "ByteSource"
        ],
        "DataFormats/Synthetic": [
          "SyntheticNoise", "SyntheticRecords", "SyntheticTopics", "SyntheticVectors",
        ],
        "DataFormats/Text": [
          "DecodedSource", "Excerpt", "LineReader", "PeekedSource", "TextBuffer", "UTF8Check",
        ],
        "DataFormats/Writing": [
          "VectorSpelling"
        ],
        "DataFormats/Vecs": [
          "VecsRows", "VecsWriter",
        ],
        "DataFormats/Vectors": [
          "BareVectorReader", "CompanionIDs", "CompanionPayload", "IDListReader", "PackedBitRows",
          "VectorLiteral",
          "VectorRules", "VectorText+Binary", "VectorText",
          "ValueListReader",
        ],
      ]),
    UnsafeFiles(
      reason: "Calls of the C library: standard streams, signals, the terminal, the environment.",
      files: [
        "VDBCommands": [
          "CommandFailure", "Environment", "Run", "Signals",
        ],
        "VDBCommands/Background": [
          "DetachedStart"
        ],
        "VDBCommands/Bench": [
          "BenchTruth", "ChildProcess", "Machine", "PageCache",
        ],
        "VDBCommands/Engine": [
          "CollectionCreation", "Confirmation", "ExportRun", "FieldSelection", "OpenCollection",
          "RowStream", "VectorArgument",
          "FilterFileReader", "FilterInspection", "SchemaFile",
        ],
        "VDBCommands/Input": [
          "FileKindOnDisk", "InputSource",
        ],
        "VDBCommands/Output": [
          "BufferedOutput", "Messages",
        ],
      ]),
  ]

  /// Paths below `Sources`.
  static var paths: [String] {
    all.flatMap { group in group.files.flatMap { folder, names in names.map { "\(folder)/\($0).swift" } } }
  }
}

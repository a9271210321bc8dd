package import CommandLineParsing

/// Every command of the tool: the only source of parsing, help, manual pages and completions.
package enum CommandCatalog {
  /// The commands in the order in which help lists them within their groups.
  package static let commands: [any ToolCommand.Type] = [
    CreateCommand.self, InfoCommand.self, ListCommand.self, LogCommand.self, ConfigCommand.self,
    SchemaCommand.self, DropCommand.self, ImportCommand.self, InsertCommand.self, UpsertCommand.self,
    UpdateCommand.self, DeleteCommand.self, GetCommand.self, ScanCommand.self, CountCommand.self,
    FacetCommand.self, SampleCommand.self, ExportCommand.self, SearchCommand.self, RebuildIndexCommand.self,
    TuneCommand.self, WarmupCommand.self, CompactCommand.self, CheckpointCommand.self, GCCommand.self,
    VerifyCommand.self,
    BenchCommand.self,
    GenCommand.self, FilterCommand.self, HelpCommand.self, VersionCommand.self, CompletionsCommand.self,
  ]

  /// The declaration of the whole program.
  package static let table = CommandTable(
    program: "vdb", version: VersionCommand.version,
    summary: "an embedded vector database on plain directories",
    description: [
      "A collection is a folder of files that holds vectors with an id and metadata. There is no server: every command opens the folder, does its work and ends.",
      "Changes become visible in one step and are on disk when the command returns. Any number of processes may read while one writes.",
      "Options may stand anywhere before `--` and are never abbreviated. `--name=value` is the same as `--name value`. `-` is standard input or output.",
      "Sizes are written `4096`, `64K` or `64KiB`, `1.5G`; `KB`, `MB` and `GB` are powers of ten. Lengths of time are written `250ms`, `30s`, `10m`, `2h`, `7d`. Times are dates such as `2026-11-21` or RFC 3339.",
    ],
    commands: commands.map { $0.command },
    groups: ["Lifecycle", "Rows in", "Rows out", "Search", "Upkeep", "Tools"],
    globalOptions: GlobalOptions.all,
    examples: [
      Example("vdb import --create docs.vdb docs.jsonl", "Create a collection from a file of records."),
      Example("vdb search docs.vdb --vector @query.npy -k 5", "Find the five nearest records."),
    ],
    exitNotes: ExitStatus.allCases.map { ExitNote($0.rawValue, $0.meaning) } + [
      ExitNote(130, "ended by SIGINT; 128 plus the number of the signal in general")
    ],
    environment: [
      ("VDB_LOCK_TIMEOUT", "How long to wait for a lock, as `--lock-timeout`."),
      ("VDB_THREADS", "The number of threads, as `--threads`."),
      ("VDB_MEMORY_LIMIT", "Memory for buffers, as `--memory-limit`."),
      (
        "VDB_ISA",
        "The instruction set for vectors: `scalar`, `base`, `avx2`, `avx512` or `neon-dot`. The best that the processor has if not set."
      ),
      ("VDB_PROGRESS_FPS", "Reports of progress in a second, from 1 to 60; 10 if not set."),
      ("NO_COLOR", "No colours when set to a text that is not empty."),
      ("FORCE_COLOR", "Colours even where there is no terminal, when set to a text other than `0`."),
      ("TERM", "No colours and no moving progress when it is `dumb`."),
      ("COLUMNS", "The width for help and tables, 80 if not set."),
      ("TMPDIR", "Where temporary files go, as `--tmpdir`."),
    ],
    files: [],
    diagnostics: [
      "Results go to standard output, everything else to standard error. A message reads `vdb: COMMAND: SENTENCE`, and a line that begins with `hint:` says what to do. With `--json` or `--errors-json` the last line of standard error is a JSON object with the schema `vdb.error/1`; its members `code` and `exit` are stable, its sentence is not.",
      "After SIGINT, SIGTERM or SIGHUP the command says `interrupted`, leaves the collection whole, and ends by the same signal. A second one ends it at once. SIGUSR1 makes it report its progress once.",
    ],
    closing: [],
    date: "November 21, 2026")
}

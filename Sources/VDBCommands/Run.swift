/// Runs `vdb` with the given arguments and returns its exit status.
package func runVDB(_ arguments: [String]) -> Int32 {
  if arguments.contains("--version") { print("vdb 0.1.0"); return 0 }
  return 2
}

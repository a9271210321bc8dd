import Foundation
import TestSupport
import Testing

@Suite struct UpdateTests {
  private func payload(_ scene: Scene, _ id: String) throws -> String {
    let output = try scene.run("get", "a.vdb", id, "--with", "payload").output
    guard let start = output.range(of: "\"payload\":") else { return output }
    return String(output[start.upperBound...].dropLast(2))
  }

  @Test func changesFieldsOfTheMetadata() throws {
    let scene = try Scene.small()
    let result = try scene.succeed(
      "update", "a.vdb", "--id", "a", "--set", "{\"lang\":\"fr\",\"x\":null}", "--set-field",
      "deep.er=[1,2.5]", "--unset", "n")
    #expect(result.errors.contains("updated 1 row (lsn "))
    #expect(try payload(scene, "a") == "{\"deep\":{\"er\":[1,2.5]},\"lang\":\"fr\",\"x\":null}")
    try scene.succeed("update", "a.vdb", "--id", "b", "--unset", "old.x", "--merge")
    #expect(try payload(scene, "b") == "{\"lang\":\"de\",\"old\":{\"y\":2}}")
    try scene.succeed("update", "a.vdb", "--id", "b", "--replace", "--set", "{\"only\":true}")
    #expect(try payload(scene, "b") == "{\"only\":true}")
    try scene.succeed("verify", "a.vdb")
  }

  @Test func changesVectorsAndKeepsMetadata() throws {
    let scene = try Scene.small()
    try scene.succeed("update", "a.vdb", "--id", "a", "--id", "b", "--vector", "[0.5,0.5,0.5]")
    #expect(try scene.get("a")["vector"] as? [Double] == [0.5, 0.5, 0.5])
    #expect(try payload(scene, "a") == "{\"lang\":\"en\",\"n\":1}")
    try scene.fail(2, "update", "a.vdb", "--id", "a", "--vector", "[1,2]")
    try scene.fail(2, "update", "a.vdb", "--id", "a", "--vector", "[0,0,0]")
    try scene.succeed("update", "a.vdb", "--id", "a", "--vector", "[0,0,0]", "--zero-vector", "allow")
  }

  @Test func aFileOfChangesIsOneTransaction() throws {
    let scene = try Scene.small()
    let lines = """
      {"id":"a","set":{"lang":"it"},"unset":["n"],"vector":[0.1,0.2,0.3]}

      {"id":"b","replace":true}
      {"id":"nobody","set":{"x":1}}
      """
    let object = try scene.json("update", "a.vdb", "-", stdin: lines)
    #expect(object["schema"] as? String == "vdb.update/1")
    #expect(object["updated"] as? Int == 2)
    #expect(object["missing_ids"] as? [String] == ["nobody"])
    #expect(try payload(scene, "a") == "{\"lang\":\"it\"}")
    #expect(try scene.get("a")["vector"] as? [Double] == [0.1, 0.2, 0.3])
    #expect(try payload(scene, "b") == "{}")
    try scene.fail(
      4, "update", "a.vdb", "-", stdin: "{\"id\":\"a\",\"set\":{}}\n{\"id\":\"a\",\"sett\":{}}\n", says: "-:2"
    )
    try scene.fail(4, "update", "a.vdb", "-", stdin: "{\"set\":{}}\n", says: "id")
    try scene.fail(4, "update", "a.vdb", "-", stdin: "{\"id\":\"a\",\"vector\":[1,2]}\n", says: "2 numbers")
  }

  @Test func idsComeFromAFile() throws {
    let scene = try Scene.small()
    try scene.folder.write("ids.txt", "a\n\nc\r\n")
    try scene.succeed(
      "update", "a.vdb", "--ids-from", "ids.txt", "--set-field", "seen=true", "--expect-count", "2")
    #expect(try payload(scene, "c") == "{\"seen\":true}")
  }

  @Test func refusalsChangeNothing() throws {
    let scene = try Scene.small()
    try scene.fail(1, "update", "a.vdb", "--id", "nobody", "--set", "{}", says: "no row has the id 'nobody'")
    try scene.fail(7, "update", "a.vdb", "--id", "a", "--set", "{\"x\":1}", "--expect-count", "2")
    try scene.fail(7, "update", "a.vdb", "--id", "a", "--set", "{\"x\":1}", "--if-lsn", "99")
    try scene.fail(2, "update", "a.vdb", "--id", "a")
    try scene.fail(2, "update", "a.vdb", "--id", "a", "--set", "[]")
    try scene.fail(2, "update", "a.vdb", "--id", "a", "--set-field", "x=nope", says: "single quotes")
    try scene.fail(2, "update", "a.vdb", "--id", "a", "--unset", "x..y")
    try scene.fail(2, "update", "a.vdb", "--id", "a", "--merge", "--replace")
    try scene.fail(0, "update", "a.vdb", "--id", "a", "--set", "{\"x\":1}", "-n", says: "would update 1 row")
    try scene.fail(12, "update", "a.vdb", "--id", "a", "--set", "{\"x\":1}", "--read-only")
    try scene.whileLocked { () throws in
      #expect(try scene.run("update", "a.vdb", "--id", "a", "--set", "{}", "--lock-timeout", "0").status == 8)
    }
  }
}

package import FileStorage
package struct SegmentDamage { package var damage: ContainerDamage; package var rows: Range<Int>? }
extension Segment { package func verify(threads: Int) -> [SegmentDamage] { [] } }
extension DeletionFile { package static func verify(_ fs: any FileSystem, _ e: SegmentEntry, _ d: DeletionEntry, collection: UUID16) throws(StorageError) -> [ContainerDamage] { [] } }

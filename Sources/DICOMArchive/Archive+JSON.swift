import ContentStore
import DICOM
import Dispatch

/// How many headers are made JSON at a time. Not those of images: their threads have less weight, and a look-up waits for this.
private let headerTurns = DispatchSemaphore(value: 2)

extension Archive {
    /// No `.json` file is longer: 64 MiB. That takes a header of 10 MiB and more, made for it.
    static let longestJSON = 64 << 20

    /// The bytes of a `.json` node, made of the header when they are first wanted; nil when there is no such node. No chunk
    /// is read.
    ///
    /// - Throws: ``ArchiveError/Code/refused`` when they would be more than ``longestJSON``.
    package func json(_ node: NodeID) throws(ArchiveError) -> [UInt8]? {
        do {
            return try models.value(node) {
                guard let file = try file(node.of(.dicom)) else { return nil }
                headerTurns.wait()
                defer { headerTurns.signal() }
                let header = DataSetHeader(
                    file.header, file.recipe.scan,
                    defaultCharacterSet: defaultCharacterSet)
                guard let json = header.json(limit: Self.longestJSON) else {
                    throw ArchiveError(
                        .refused,
                        "the header of instance \(file.recipe.reference.instance) is too long to be shown as JSON")
                }
                return json
            }
        } catch {
            throw ArchiveError(error)
        }
    }
}

import ArchiveControl
import Containers
import Glibc
import SystemPackage

/// Containers: files that hold files.
extension ImportWork {
    /// Stores the member of a container that came last. It is unpacked here.
    private func storeMember(of container: Container, _ name: String) throws(Failure) {
        let stream = try InstanceStream(access, name: name) { [self] in take($0, name) }
        do { try container.read { try stream.send($0) } } catch is InstanceStream.NobodyReads {
            // The archive says why.
        } catch {
            try? stream.abandon()
            throw Failure(.refused, "\(name): cannot be read: \(error)")
        }
        try stream.finish()
    }

    static func isContainer(_ file: FileDescriptor) -> Bool {
        let beginning = [UInt8](unsafeUninitializedCapacity: Container.bytesToRecognize) { buffer, count in
            count = max(0, pread(file.rawValue, buffer.baseAddress, buffer.count, 0))
        }
        return Container.isContainer(beginning.span.bytes)
    }

    /// Stores the files in a container, one after another.
    func storeMembers(of file: FileDescriptor, _ path: String) {
        do throws(Container.Failure) {
            let container = try Container(file.rawValue)
            while failure == nil, let member = try container.next() {
                guard member.isFile else { continue }
                let name = "\(path):\(member.name)"
                if member.isEncrypted {
                    refuse("\(name): encrypted; unpack it first")
                } else {
                    note(name) { () throws(Failure) in try storeMember(of: container, name) }
                }
                showProgress()
            }
        } catch {
            refuse(
                "\(path): cannot be read as a container, or no further: \(error); what was stored of it may be damaged")
        }
    }
}

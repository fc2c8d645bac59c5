import ContentStore
package import DICOMArchive

extension Archive {
    /// Carries out a request: the one implementation of every command, in place or for the control socket.
    ///
    /// - Parameters:
    ///   - file: the open file that goes with the request; not closed.
    ///   - emit: gets the events but for the last; what it throws ends the work.
    package func perform(
        _ request: ControlRequest, file: Int32?, emit: (ControlEvent) throws -> Void
    ) throws(Failure) {
        do {
            switch request {
            case .list(let level, let under):
                let ancestor = try under.map { try resource(named: $0) }
                try resources(level, under: ancestor) { resource in
                    try emit(.resource(ResourceDescription(resource)))
                    return true
                }
            case .show(let id): try emit(.resource(ResourceDescription(resource(named: id))))
            case .files(let id, let allVersions):
                try listFiles(of: resource(named: id), allVersions: allVersions, emit)
            case .write(let node, let name):
                guard let file else { throw Failure(.other, "no open file came with the request to write \(name)") }
                try write(NodeID(rawValue: node), to: file, name: name)
            case .writeDataSet(let node, let syntax, let name):
                guard let file else { throw Failure(.other, "no open file came with the request to write \(name)") }
                try writeDataSet(NodeID(rawValue: node), as: syntax, to: file, name: name)
            case .render(let id, let options, let name):
                guard let file else { throw Failure(.other, "no open file came with the request to write \(name)") }
                try render(resource(named: id), options, to: file, name: name)
            case .importFile(let name):
                guard let file else { throw Failure(.other, "no open file came with the request to import \(name)") }
                try emit(.imported(ImportResult(importFile(file, name: name))))
            case .importStream(let name, let peer):
                guard let file else { throw Failure(.other, "no socket came with the request to import \(name)") }
                let sender = peer.map { Sender(kind: .store, callingAETitle: $0.callingAETitle, host: $0.host) }
                let outcome = try importFrames(
                    file, name: name, sender: sender ?? Sender(kind: .importing), sopInstanceUID: peer?.sopInstanceUID)
                try emit(.imported(ImportResult(outcome)))
            case .delete(let id): try emit(.deleted(instances: delete(resource(named: id))))
            case .statistics: try emit(.statistics(statistics()))
            case .verify(let scope):
                let result = try verify(scope) { try emit(.verified($0, isDone: false)) }
                try emit(.verified(result, isDone: true))
            case .sweep:
                let result = try sweep()
                try emit(
                    .swept(
                        chunks: result.chunks, bytes: result.bytes, freed: result.bytesFreed, held: result.bytesHeld))
            case .checkpoint: try withCheckpoint { try emit(.checkpoint(folder: $0)) }
            case .awaitReport(let transaction, let milliseconds):
                var left = min(max(0, milliseconds), 86_400_000)
                repeat {
                    if let report = commitmentReports.wait(for: transaction, milliseconds: min(left, 1000)) {
                        try emit(
                            .commitmentReport(dataSet: report.dataSet, transferSyntaxUID: report.transferSyntaxUID))
                        break
                    }
                    left -= 1000
                    try emit(.waiting)
                } while left > 0
            case .release: break
            case .watch, .live:
                throw Failure(.other, "nobody serves the archive \(folder.path); start dicomfs serve")
            }
        } catch let error as ArchiveError {
            throw Failure(error)
        } catch {
            throw error as? Failure ?? Failure(.other, "\(error)")
        }
    }

    private func render(_ resource: Resource, _ options: RenderOptions, to file: Int32, name: String) throws {
        guard resource.level == .instance else {
            throw Failure(.other, "\(resource.id) is a \(resource.level): give the identifier of an instance")
        }
        let picture = PictureOptions(isRaw: options.isRaw, window: options.window, hasOverlays: options.hasOverlays)
        let png = try self.picture(of: resource.node, frame: options.frame, picture)
        try png.withUnsafeBytes { try writeAll($0, to: file, name: name) }
    }

    private func listFiles(
        of resource: Resource, allVersions: Bool, _ emit: (ControlEvent) throws -> Void
    ) throws {
        // The resource's own directory is the top of what is written.
        let above = resource.path.split(separator: "/").dropLast().joined(separator: "/")
        try resources(.instance, under: resource) { instance in
            let path = above.isEmpty ? instance.path : String(instance.path.dropFirst(above.count + 1))
            for number in 1...(allVersions ? max(1, instance.file?.versions ?? 1) : 1) {
                guard let version = try version(number, ofInstance: instance.node) else { continue }
                // As the mount names them.
                let path = number == 1 ? path : path.dropLast(4) + ".v\(number).dcm"
                try emit(
                    .file(
                        ExportFile(
                            node: version.node.rawValue, path: path, size: version.size, modified: version.modified,
                            sopClassUID: version.recipe.identity.sopClassUID,
                            sopInstanceUID: version.recipe.identity.sopInstanceUID,
                            transferSyntaxUID: version.recipe.transferSyntaxUID)))
            }
            return true
        }
    }
}

extension ImportResult {
    fileprivate init(_ outcome: IngestOutcome) {
        let id = "\(outcome.instance)"
        switch outcome.result {
        case .stored: self = .stored(id: id)
        case .alreadyStored: self = .alreadyStored(id: id)
        case .newVersion(let number): self = .newVersion(id: id, number: number)
        }
    }
}

import ArgumentParser
import DICOMNetwork

extension Settings {
    /// The archive's folder.
    ///
    /// - Throws: when nobody named one.
    func archivePath() throws -> String {
        if let archive, !archive.isEmpty { return archive }
        throw ValidationError(
            "Missing expected argument '--archive <dir>' (or the environment variable DICOMFS_ARCHIVE, or a settings file)"
        )
    }

    /// How associations are accepted; nil when none are.
    ///
    /// Whether peers must call us by our title is for ``Peers`` to say, since it may change.
    var listener: AssociationListener.Configuration? {
        guard acceptsAssociations else { return nil }
        var configuration = AssociationListener.Configuration()
        configuration.aeTitle = aeTitle
        configuration.host = bind
        configuration.port = port
        limits.apply(to: &configuration)
        return configuration
    }
}

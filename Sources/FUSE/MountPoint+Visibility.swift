extension MountPoint {
    /// A sentence for the log when what is mounted here stays inside a mount namespace, as in a systemd unit with
    /// PrivateTmp=: it works, but only for programs in there. Nil when it does not, or it cannot be told.
    ///
    /// Asked of the table of mounts that process 1 has, not of the propagation flags: a unit's mounts are shared with each
    /// other and yet not with the machine's.
    package var hiddenWarning: String? {
        let all = MountTable(process: "1")
        guard let own = MountTable().mount(at: path), !all.entries.isEmpty,
            !all.entries.contains(where: { $0.device == own.device })
        else { return nil }
        return
            "the mount at \(path) is seen only by programs in the mount namespace that dicomfs was started in, not by the"
            + " rest of the machine; in a systemd unit remove PrivateTmp=, ProtectSystem=, ProtectHome=, PrivateDevices=,"
            + " ReadOnlyPaths= and the like, with unshare give --propagation shared"
    }
}

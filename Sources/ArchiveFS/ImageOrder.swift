import DICOMArchive

/// Which image will be wanted next, told from the last two: programs go through a series by name or as it is listed, and through
/// frames by number. Used by one thread at a time.
struct ImageOrder {
    /// Series with more instances are not looked at.
    private static let mostInstances = 20_000

    private let archive: Archive
    private var last: NodeID?
    private var series: NodeID?
    /// The pictures of the series that was looked at last: by name, and as they are listed. What has arrived since is not among them.
    private var orders: [[NodeID]] = []
    private var places: [[NodeID: Int]] = []

    init(_ archive: Archive) { self.archive = archive }

    /// The image that will perhaps be wanted after this one; nil when nothing says so.
    mutating func next(after image: NodeID) -> NodeID? {
        defer { last = image }
        if image.kind == .frame {
            let (ordinal, number) = image.frame
            guard last == .frame(ordinal: ordinal, number: number - 1),
                let entry = try? archive.entry(ofFrame: image), number < entry.frames
            else { return nil }
            return .frame(ordinal: ordinal, number: number + 1)
        }
        guard let series = try? archive.parent(of: image) else { return nil }
        if series != self.series { look(at: series) }
        guard let last else { return nil }
        for (order, places) in zip(orders, places) {
            guard let place = places[image], place + 1 < order.count, places[last] == place - 1 else { continue }
            return order[place + 1]
        }
        return nil
    }

    private mutating func look(at series: NodeID) {
        self.series = series
        var found: [(node: NodeID, name: String)] = []
        try? archive.entries(of: series, from: NodeID(.dicom, 0)) { node, entry in
            if entry.pngSize > 0 { found.append((node.of(.png), entry.name)) }
            return found.count <= Self.mostInstances
        }
        orders =
            found.count > Self.mostInstances ? [] : [found.sorted { $0.name < $1.name }.map(\.node), found.map(\.node)]
        places = orders.map { order in
            Dictionary(zip(order, order.indices)) { first, _ in first }
        }
    }
}

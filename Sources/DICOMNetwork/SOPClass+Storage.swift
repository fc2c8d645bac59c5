extension SOPClass {
    /// Storage classes that archives have, at most as many as an association has contexts beside that of a query: who fetches by
    /// C-GET must name each (PS3.4 B.5). Without non-destructive testing, security, implants, protocols and rare measurements.
    package static let storage: [String] =
        (images + documents + radiotherapy + retired).map { "1.2.840.10008.5.1.4.1.1.\($0)" }

    private static let images = [
        "1", "1.1", "1.1.1", "1.2", "1.2.1", "1.3", "1.3.1", "2", "2.1", "2.2", "3.1", "4", "4.1", "4.2", "4.3", "4.4",
        "6.1", "6.2", "6.3", "7", "7.1", "7.2", "7.3", "7.4", "12.1", "12.1.1", "12.2", "12.2.1", "13.1.1", "13.1.2",
        "13.1.3", "13.1.4", "13.1.5", "14.1", "14.2", "20", "30", "66", "66.1", "66.2", "66.3", "66.4", "66.5", "67",
        "77.1.1", "77.1.1.1", "77.1.2", "77.1.2.1", "77.1.3", "77.1.4", "77.1.4.1", "77.1.5.1", "77.1.5.2", "77.1.5.4",
        "77.1.5.5", "77.1.5.7", "77.1.6", "77.1.7", "77.1.8", "128", "128.1", "130",
    ]

    /// Waveforms, presentation states, structured reports, encapsulated files.
    private static let documents = [
        "9.1.1", "9.1.2", "9.1.3", "9.2.1", "9.3.1", "9.4.1", "9.4.2", "9.5.1", "9.6.1", "11.1", "11.2", "11.3", "11.4",
        "11.5", "77.1.5.3", "81.1", "88.11", "88.22", "88.33", "88.34", "88.35", "88.40", "88.50", "88.59", "88.65",
        "88.67", "88.68", "88.69", "88.71", "88.73", "104.1", "104.2", "104.3", "104.4", "104.5", "131",
    ]

    private static let radiotherapy = [
        "481.1", "481.2", "481.3", "481.4", "481.5", "481.6", "481.7", "481.8", "481.9", "481.10", "481.11", "481.12",
        "481.23",
    ]

    /// Ultrasound, nuclear medicine and biplane angiography of before.
    private static let retired = ["3", "5", "6", "12.3"]
}

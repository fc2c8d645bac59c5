import Yams

/// The YAML of a settings file, each key of it known and each value of its kind: swift-configuration reads what it is asked
/// for, and would pass over a misspelt line.
struct ParsedSettings {
    let path: String
    private(set) var lines: [SettingKey: Int] = [:]
    private(set) var peers: [ListedPeer] = []
    /// Whether there is nothing in it but comments.
    private(set) var isEmpty = false

    /// - Throws: what is wrong, and in which line.
    init(path: String, text: String) throws(SettingsError) {
        self.path = path
        let root: Node?
        do {
            root = try Parser(yaml: text).singleRoot()
        } catch {
            throw Self.failure(path, error)
        }
        guard let root, !root.isNothing else {
            isEmpty = true
            return
        }
        guard case .mapping(let mapping) = root else {
            throw SettingsError(path, line: root.line, "a settings file has lines like 'archive: /srv/dicom'")
        }
        for (key, value) in mapping { try addTopLevel(key, value) }
    }

    private mutating func addTopLevel(_ key: Node, _ value: Node) throws(SettingsError) {
        let name = try word(key)
        if name == "peers" {
            peers = try ListedPeer.read(value, path: path)
        } else if Self.words(in: name).isEmpty {
            try add(name, key, value)
        } else if !value.isNothing {
            guard case .mapping(let section) = value else {
                throw SettingsError(
                    path, line: key.line,
                    "\(name) is a section: \(Self.words(in: name).joined(separator: ", ")), each in a line")
            }
            for (inner, value) in section { try add("\(name).\(try word(inner))", inner, value) }
        }
    }

    private mutating func add(_ name: String, _ key: Node, _ value: Node) throws(SettingsError) {
        guard let setting = SettingKey(rawValue: name), !(setting.components.count == 2 && key.string == name) else {
            throw SettingsError(path, line: key.line, "there is no setting \(name); \(Self.known(near: name))")
        }
        guard !value.isNothing else {
            throw SettingsError(path, line: key.line, "\(name) has no value; leave the line out, or write one")
        }
        switch value {
        case .scalar where !setting.isList: break
        case .sequence(let sequence) where setting.isList:
            guard sequence.allSatisfy({ $0.scalar != nil && !$0.isNothing }) else {
                throw SettingsError(path, line: key.line, "\(name) takes a list of words, as in [echo, store]")
            }
        default:
            let wanted = setting.isList ? "a list, as in [echo, store]; [] for an empty one" : "one value"
            throw SettingsError(path, line: key.line, "\(name) takes \(wanted)")
        }
        lines[setting] = key.line
    }

    private func word(_ key: Node) throws(SettingsError) -> String {
        guard case .scalar(let scalar) = key else {
            throw SettingsError(path, line: key.line, "a setting's name is a word")
        }
        return scalar.string
    }

    /// The words of a section; none when there is no such section.
    private static func words(in section: String) -> [String] {
        SettingKey.allCases.map(\.components).filter { $0.count == 2 && $0[0] == section }.map { $0[1] }
    }

    /// What there is where a name is not known.
    private static func known(near name: String) -> String {
        let section = name.split(separator: ".").first.map { String($0) } ?? ""
        let words = words(in: section)
        if !words.isEmpty { return "\(section) has \(words.joined(separator: ", "))" }
        var top: [String] = []
        for word in SettingKey.allCases.map({ $0.components[0] }) where !top.contains(word) { top.append(word) }
        return "there are \((top + ["peers"]).joined(separator: ", "))"
    }

    private static func failure(_ path: String, _ error: any Error) -> SettingsError {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            SettingsError(path, line: mark.line, "no YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            SettingsError(path, line: context.mark.line, "\(keys.joined(separator: ", ")) is there twice")
        case YamlError.reader(let problem, _, _, _): SettingsError("\(path): no YAML: \(problem)")
        default: SettingsError("\(path): no YAML: \(error)")
        }
    }
}

extension Node {
    /// Where it begins, from 1.
    var line: Int { mark?.line ?? 1 }

    /// Whether nothing was written, or YAML's word for it.
    var isNothing: Bool { null != nil }
}

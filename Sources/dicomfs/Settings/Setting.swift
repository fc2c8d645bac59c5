/// A setting as it is in effect: its value, and where that was given.
struct Setting: Sendable {
    var key: SettingKey
    /// Nil when nobody gave one.
    var value: SettingValue?
    var origin: SettingOrigin
}

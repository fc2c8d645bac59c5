/// A presentation context that was accepted.
package struct PresentationContext: Sendable {
    package var id: UInt8
    package var abstractSyntax: String
    package var transferSyntax: String
    /// Whether we may use the service.
    package var isUser: Bool
    /// Whether we may provide it.
    package var isProvider: Bool
}

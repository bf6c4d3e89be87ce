public import Records

/// Something that a pipeline could not use and that can say why.
public protocol DeadLetterConvertible {
    /// The dead letter, refused by `operatorID`.
    func deadLetter(from operatorID: OperatorID) -> DeadLetter
}

extension DeadLetter: DeadLetterConvertible {
    /// Itself: it knows who refused it.
    public func deadLetter(from operatorID: OperatorID) -> DeadLetter { self }
}

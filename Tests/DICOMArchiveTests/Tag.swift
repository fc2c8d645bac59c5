import DICOM

/// Swift Testing has a `Tag` too.
typealias Tag = DICOM.Tag

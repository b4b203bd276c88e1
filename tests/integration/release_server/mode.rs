//! How a server misbehaves.

use std::time::Duration;

/// How a path is served.
#[derive(Clone, Debug)]
pub enum Mode {
    /// As it should be: ranges, `If-Range`, a strong `ETag`, the length.
    Ok,
    /// After so many bytes of the body nothing comes any more, and the connection stays open.
    StallAfter(usize),
    /// After so many bytes of the body the connection is reset.
    ResetAfter(usize),
    /// After so many bytes of the body the connection is closed.
    CloseAfter(usize),
    /// Waits so long after each byte.
    Drip(Duration),
    /// A range is answered with another one, which begins a byte later.
    OtherRange,
    /// A range is answered with so many bytes, less than were asked for.
    ShortRange(usize),
    /// A range is answered with 206, whatever version was asked for, and the `ETag` of another.
    RangeOfOtherVersion,
    /// A range is answered with the whole.
    IgnoreRange,
    /// A range is answered with 416.
    NoSuchRange,
    /// A `206`, though no range was asked for.
    UnaskedRange,
    /// The body and its announced length have so many bytes more.
    Longer(usize),
    /// No length, and a body that never ends.
    Endless,
    /// No length; the end of the connection is the end of the body.
    NoLength,
    /// As `NoLength`, but it ends after so many bytes.
    NoLengthCutAfter(usize),
    /// No length but chunks, and the connection is closed after so many bytes of them.
    ChunkedCutAfter(usize),
    /// One bit of the first byte is another.
    FlippedBit,
    /// A status, without a body.
    Status(u16),
    /// A status that asks to come back after so many seconds.
    RetryAfter(u16, u64),
    /// Leads to another address.
    Redirect(String),
    /// 200 without a body.
    Empty,
    /// 200 with a page that says that something is wrong.
    Html,
    /// As `CloseAfter`, with neither `ETag` nor `Last-Modified`.
    NoValidatorCutAfter(usize),
    /// As `CloseAfter`, with an `ETag` that is a weak one.
    WeakETagCutAfter(usize),
    /// As `CloseAfter`, with a `Last-Modified` in place of the `ETag`.
    DateCutAfter(usize),
    /// The same `ETag` whatever the content is.
    ConstantETag,
    /// Another `ETag` each time, whatever the content is.
    ChangingETag,
    /// A megabyte of headers.
    HugeHeaders,
    /// Headers that come byte by byte, so long apart, and never end.
    SlowHeaders(Duration),
    /// So many bytes more than are announced.
    MoreThanAnnounced(usize),
    /// The connection is closed without a word.
    HangUp,
}

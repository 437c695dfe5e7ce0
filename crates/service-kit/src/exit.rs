//! Exit statuses (BSD `sysexits`), which scripts and orchestrators tell apart.

/// Settings that cannot be used.
pub const EX_USAGE: u8 = 64;
/// What was read is not what it should be.
pub const EX_DATAERR: u8 = 65;
/// A neighbour never came.
pub const EX_UNAVAILABLE: u8 = 69;
/// There is no room to write.
pub const EX_IOERR: u8 = 74;
/// Somebody else is at it; worth trying again.
pub const EX_TEMPFAIL: u8 = 75;
/// A neighbour refuses us: a wrong password, missing rights.
pub const EX_NOPERM: u8 = 77;

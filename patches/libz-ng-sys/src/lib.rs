//! Stands in for `libz-ng-sys`, which needs `CMake` at build time: the same functions from zlib-rs.
//!
//! pingora-core asks for flate2's zlib-ng backend, and no feature turns that off. Why this is here
//! and when it can go: `docs/decisions/0006-zlib-without-cmake.md`.
#![expect(non_snake_case, non_camel_case_types, reason = "zlib's own names")]

use libz_rs_sys as rs;
pub use libz_rs_sys::{
    Z_BLOCK, Z_BUF_ERROR, Z_DATA_ERROR, Z_DEFAULT_STRATEGY, Z_DEFLATED, Z_FINISH, Z_FULL_FLUSH,
    Z_MEM_ERROR, Z_NEED_DICT, Z_NO_FLUSH, Z_OK, Z_PARTIAL_FLUSH, Z_STREAM_END, Z_STREAM_ERROR,
    Z_SYNC_FLUSH, internal_state, uInt, zlibVersion,
};
use std::ffi::{c_char, c_int, c_uint, c_ulong, c_void};

/// Allocates `items` times `size` bytes.
pub type alloc_func = unsafe extern "C" fn(*mut c_void, c_uint, c_uint) -> *mut c_void;
/// Gives back what [`alloc_func`] gave.
pub type free_func = unsafe extern "C" fn(*mut c_void, *mut c_void);

/// zlib's stream. Laid out as zlib-rs has it, but for allocators that are never missing, as
/// `libz-ng-sys` declares them.
#[repr(C)]
#[derive(Debug)]
pub struct z_stream {
    /// The next byte to read.
    pub next_in: *mut u8,
    /// How many can be read there.
    pub avail_in: c_uint,
    /// How many were read so far.
    pub total_in: c_ulong,
    /// Where the next byte goes.
    pub next_out: *mut u8,
    /// How many find room there.
    pub avail_out: c_uint,
    /// How many were written so far.
    pub total_out: c_ulong,
    /// The last error, or null.
    pub msg: *mut c_char,
    /// Not for callers.
    pub state: *mut internal_state,
    /// Allocates the state.
    pub zalloc: alloc_func,
    /// Frees the state.
    pub zfree: free_func,
    /// Given to both.
    pub opaque: *mut c_void,
    /// A guess: text or binary.
    pub data_type: c_int,
    /// A checksum.
    pub adler: c_ulong,
    /// For the future.
    pub reserved: c_ulong,
}

const _: () = assert!(size_of::<z_stream>() == size_of::<rs::z_stream>());
const _: () = assert!(align_of::<z_stream>() == align_of::<rs::z_stream>());

/// Passes each function on to zlib-rs. An `Option` of a function pointer has the pointer's own
/// layout, so that the one stream can be read as the other.
macro_rules! pass_on {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {$(
        /// zlib's function of this name.
        ///
        /// # Safety
        ///
        /// As zlib's manual says.
        pub unsafe extern "C" fn $name(stream: *mut z_stream $(, $argument: $kind)*) -> c_int {
            // SAFETY: the caller keeps zlib's contract, and the layouts are the same (see above).
            unsafe { rs::$name(stream.cast() $(, $argument)*) }
        }
    )*};
}

pass_on! {
    deflate(flush: c_int);
    deflateEnd();
    deflateReset();
    deflateParams(level: c_int, strategy: c_int);
    deflateSetDictionary(dictionary: *const u8, length: c_uint);
    deflateInit2_(level: c_int, method: c_int, window_bits: c_int, memory_level: c_int, strategy: c_int, version: *const c_char, size: c_int);
    inflate(flush: c_int);
    inflateEnd();
    inflateReset2(window_bits: c_int);
    inflateSetDictionary(dictionary: *const u8, length: c_uint);
    inflateInit2_(window_bits: c_int, version: *const c_char, size: c_int);
}

//! Any bytes as a PROXY header: what is asked for next never reaches past the header's end.

#![no_main]

use gateway::ProxyHeader;
use libfuzzer_sys::fuzz_target;

/// The longest header of version 2.
const MAX_BYTES: usize = 16 + 65_535;

fuzz_target!(|bytes: &[u8]| {
    let mut read = 0;
    loop {
        match ProxyHeader::read(&bytes[..read]) {
            Ok(ProxyHeader::Complete(_)) | Err(_) => break,
            Ok(ProxyHeader::Incomplete(more)) => {
                assert!(more > 0 && read + more <= MAX_BYTES);
                read += more;
                if read > bytes.len() {
                    break;
                }
            }
        }
    }
});

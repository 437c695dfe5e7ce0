//! Numbers in as few bytes as they need (LEB128): most are small.

/// Appends `number`.
pub(crate) fn put(mut number: u32, bytes: &mut Vec<u8>) {
    while number > 127 {
        bytes.push(u8::try_from(number & 127).unwrap_or(127) | 128);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or(127));
}

/// Takes the first number from `bytes`; `None` at their end.
#[inline]
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate() {
        number |= u32::from(byte & 127) << (7 * index).min(28);
        if *byte < 128 {
            *bytes = &bytes[index + 1..];
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_back_as_it_was_written() {
        let numbers = [0, 1, 127, 128, 300, 1 << 21, u32::MAX];
        let mut bytes = Vec::new();
        for number in numbers {
            put(number, &mut bytes);
        }

        let mut rest = &*bytes;
        let read: Vec<u32> = std::iter::from_fn(|| take(&mut rest)).collect();

        assert_eq!(read, numbers);
    }
}

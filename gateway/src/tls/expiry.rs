//! When a certificate begins and ends. Pure.
//!
//! The library that checks certificates does not say it, and it is three steps into the structure.

/// A tagged value of DER, and what follows it (X.690 §8.1).
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// When the certificate `der` begins and ends, in seconds since 1970 (RFC 5280 §4.1.2.5).
pub(super) fn validity(der: &[u8]) -> Option<(i64, i64)> {
    const VERSION: u8 = 0xa0;
    let (_, certificate, _) = element(der)?;
    let (_, mut fields, _) = element(certificate)?;
    if fields.first() == Some(&VERSION) {
        fields = element(fields)?.2;
    }
    for _serial_algorithm_issuer in 0..3 {
        fields = element(fields)?.2;
    }
    let (_, validity, _) = element(fields)?;
    let (tag, text, validity) = element(validity)?;
    let begin = time(tag, text)?;
    let (tag, text, _) = element(validity)?;
    Some((begin, time(tag, text)?))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, as `tag` says.
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    const SHORT: u8 = 0x17;
    const LONG: u8 = 0x18;
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0, |n, digit| n * 10 + i64::from(digit - b'0'));
    let (year, rest) = match (tag, digits.len()) {
        (SHORT, 12) => match number(&digits[..2]) {
            year @ 0..50 => (2000 + year, &digits[2..]),
            year => (1900 + year, &digits[2..]),
        },
        (LONG, 14) => (number(&digits[..4]), &digits[4..]),
        _ => return None,
    };
    let field = |at: usize| number(&rest[at..at + 2]);
    let seconds = field(4) * 3600 + field(6) * 60 + field(8);
    Some(days(year, field(0), field(2)) * 86_400 + seconds)
}

/// Days from 1970 to a day of the Gregorian calendar, by years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let before = (month * 153 + 2) / 5;
    year * 365 + year / 4 - year / 100 + year / 400 + before + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_of_a_time_are_read() {
        for (tag, text, expected) in [
            (0x17, "700101000000Z", Some(0)),
            (0x17, "240229235959Z", Some(1_709_251_199)),
            (0x17, "491231235959Z", Some(2_524_607_999)),
            (0x18, "20500101000000Z", Some(2_524_608_000)),
            (0x18, "240229235959Z", None),
            (0x17, "2402292359590", None),
            (0x17, "24022923595xZ", None),
        ] {
            assert_eq!(time(tag, text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_certificates_beginning_and_end_are_found() {
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(1970, 1, 2);
        params.not_after = rcgen::date_time_ymd(2031, 1, 2);
        let key = rcgen::KeyPair::generate().unwrap();

        let der = params.self_signed(&key).unwrap().der().to_vec();

        assert_eq!(validity(&der), Some((86_400, 1_925_078_400)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = validity(&bytes);
        }
    }
}

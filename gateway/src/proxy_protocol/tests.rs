//! Tables of headers, good and bad.

use super::*;
use proptest::prelude::*;

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [SIGNATURE.as_slice(), &[0x20 | command, family], &length, body].concat()
}

fn v4_body() -> Vec<u8> {
    vec![203, 0, 113, 9, 10, 0, 0, 1, 0x9c, 0x40, 0x01, 0xbb]
}

fn v6_body() -> Vec<u8> {
    let source: Ipv6Addr = "2001:db8::9".parse().unwrap();
    let destination: Ipv6Addr = "2001:db8::1".parse().unwrap();
    [source.octets().as_slice(), &destination.octets(), &[0x9c, 0x40, 0x01, 0xbb]].concat()
}

#[test]
fn a_complete_header_names_the_client() {
    let with_extension = [v4_body(), vec![0x04, 0, 1, 0]].concat();
    for (bytes, client) in [
        (b"PROXY TCP4 203.0.113.9 10.0.0.1 40000 443\r\n".to_vec(), Some("203.0.113.9:40000")),
        (b"PROXY TCP6 2001:db8::9 ::1 40000 443\r\n".to_vec(), Some("[2001:db8::9]:40000")),
        (b"PROXY UNKNOWN\r\n".to_vec(), None),
        (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n".to_vec(), None),
        (v2(1, 0x11, &v4_body()), Some("203.0.113.9:40000")),
        (v2(1, 0x11, &with_extension), Some("203.0.113.9:40000")),
        (v2(1, 0x21, &v6_body()), Some("[2001:db8::9]:40000")),
        (v2(0, 0x11, &v4_body()), None),
        (v2(0, 0, &[]), None),
        (v2(1, 0, &[]), None),
        (v2(1, 0x31, &[0; 216]), None),
        (v2(1, 0x12, &v4_body()), None),
    ] {
        let expected = client.map(|text| text.parse().unwrap());
        let shown = bytes.escape_ascii();
        assert_eq!(ProxyHeader::read(&bytes), Ok(ProxyHeader::Complete(expected)), "{shown}");
    }
}

#[test]
fn what_is_no_header_is_refused() {
    let mut other_version = v2(1, 0x11, &v4_body());
    other_version[12] = 0x11;
    for bytes in [
        b"GET / HTTP/1.1\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00".to_vec(),
        b"PROXY TCP4 203.0.113.9 10.0.0.1 40000 443\n".to_vec(),
        b"PROXY TCP4 203.0.113.9 10.0.0.1 40000\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.9 10.0.0.1 40000 443 1\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.9  10.0.0.1 40000 443\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.999 10.0.0.1 40000 443\r\n".to_vec(),
        b"PROXY TCP4 2001:db8::9 ::1 40000 443\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.9 10.0.0.1 040 443\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.9 10.0.0.1 +40 443\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.9 10.0.0.1 65536 443\r\n".to_vec(),
        b"PROXY UDP4 203.0.113.9 10.0.0.1 40000 443\r\n".to_vec(),
        b"PROXY \xff\r\n".to_vec(),
        [b"PROXY UNKNOWN ".as_slice(), &[b'a'; 93]].concat(),
        b"PROXY UNKNOWN\r\nGET".to_vec(),
        v2(2, 0x11, &v4_body()),
        v2(1, 0x11, &v4_body()[..11]),
        v2(1, 0x21, &v6_body()[..35]),
        v2(0, 0, &[0; 4096]),
        [v2(0, 0, &[]), b"G".to_vec()].concat(),
        other_version,
    ] {
        assert_eq!(ProxyHeader::read(&bytes), Err(NoProxyHeader), "{}", bytes.escape_ascii());
    }
}

proptest! {
    #[test]
    fn reading_as_many_bytes_as_are_asked_for_ends_exactly_behind_the_header(
        header in prop::sample::select(vec![
            b"PROXY TCP4 203.0.113.9 10.0.0.1 40000 443\r\n".to_vec(),
            b"PROXY UNKNOWN\r\n".to_vec(),
            v2(1, 0x11, &v4_body()),
            v2(1, 0x21, &v6_body()),
            v2(0, 0, &[]),
        ]),
    ) {
        let stream = [header.as_slice(), b"\x16\x03\x01 what follows"].concat();
        let mut read = 0;

        while let ProxyHeader::Incomplete(more) = ProxyHeader::read(&stream[..read]).unwrap() {
            prop_assert!(more > 0);
            read += more;
        }

        prop_assert_eq!(read, header.len());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), cut in 0..29_usize) {
        let _ = ProxyHeader::read(&bytes);
        let mut header = v2(1, 0x11, &v4_body());
        header.truncate(cut);
        header.extend(bytes);
        let _ = ProxyHeader::read(&header);
    }
}

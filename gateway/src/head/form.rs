//! Addresses that name their host. Pure.

/// The host, with its port, and the rest of an address that begins with `http://` or `https://`.
pub(crate) fn absolute(target: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = [&b"http://"[..], b"https://"].iter().find_map(|scheme| {
        let (begin, rest) = target.split_at_checked(scheme.len())?;
        begin.eq_ignore_ascii_case(scheme).then_some(rest)
    })?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    Some(rest.split_at(end.unwrap_or(rest.len())))
}

/// The head of a request that names its host in its address, as if it had said the path alone, and
/// the host in `Host` (RFC 9112 §3.2.2); nothing if it does not. It has passed `check`.
pub(crate) fn in_origin_form(head: &[u8]) -> Option<Vec<u8>> {
    let line_end = memchr::memchr(b'\r', head)?;
    let (line, headers) = head.split_at(line_end);
    let mut words = line.split(|byte| *byte == b' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let (host, path) = absolute(target)?;
    let mut new = Vec::with_capacity(head.len());
    new.extend_from_slice(method);
    new.push(b' ');
    match path {
        // RFC 9112 §3.2.4.
        [] if method == b"OPTIONS" => new.push(b'*'),
        [b'/', ..] => {}
        _ => new.push(b'/'),
    }
    for part in [path, b" ", version, b"\r\nHost: ", host] {
        new.extend_from_slice(part);
    }
    for line in headers[2..].split_inclusive(|byte| *byte == b'\n') {
        let is_host = line.len() >= 5 && line[..5].eq_ignore_ascii_case(b"host:");
        if !is_host {
            // The line break of the one before.
            new.extend_from_slice(b"\r\n");
            new.extend_from_slice(line.strip_suffix(b"\r\n").unwrap_or(line));
        }
    }
    new.extend_from_slice(b"\r\n");
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::check;
    use proptest::prelude::*;

    fn rewritten(head: &str) -> Option<String> {
        in_origin_form(head.as_bytes()).map(|head| String::from_utf8(head).unwrap())
    }

    #[test]
    fn the_host_of_the_address_counts() {
        for (line, expected) in [
            ("GET http://a.example/b?c HTTP/1.1", "GET /b?c HTTP/1.1\r\nHost: a.example"),
            ("GET HTTP://a:80?c HTTP/1.1", "GET /?c HTTP/1.1\r\nHost: a:80"),
            ("GET https://[::1]:8 HTTP/1.0", "GET / HTTP/1.0\r\nHost: [::1]:8"),
            ("OPTIONS http://a HTTP/1.1", "OPTIONS * HTTP/1.1\r\nHost: a"),
        ] {
            let head = format!("{line}\r\nA: b\r\nhOST: other\r\nHosts: c\r\n\r\n");
            assert_eq!(check(head.as_bytes()), Ok(()), "{line}");
            let expected = format!("{expected}\r\nA: b\r\nHosts: c\r\n\r\n");
            assert_eq!(rewritten(&head), Some(expected));
        }
        assert_eq!(rewritten("GET /http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"), None);
    }

    proptest! {
        #[test]
        fn what_is_rewritten_passes_and_names_one_host(
            target in "https?://[a-z0-9.:@\\[\\]]{0,12}[/?#]?[a-z%./]{0,8}",
            version in "HTTP/1\\.[01]",
        ) {
            let head = format!("GET {target} {version}\r\nHost: other\r\nA: b\r\n\r\n");
            if check(head.as_bytes()).is_ok() {
                let new = rewritten(&head).unwrap();
                prop_assert_eq!(check(new.as_bytes()), Ok(()));
                prop_assert!(new.starts_with("GET /"), "{}", new);
                prop_assert_eq!(new.matches("Host: ").count(), 1);
            }
        }
    }
}

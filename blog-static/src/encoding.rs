//! Choosing a content coding (RFC 9110 §12.5.3).

use release::Encoding;

/// The best of `offered` that `accept` takes, or `None` for the plain form.
///
/// Equal weights are settled by what makes text smallest. A coding with `q=0` is never chosen;
/// `*` stands for those that are not named.
pub(crate) fn choose(accept: &str, offered: impl Fn(Encoding) -> bool) -> Option<Encoding> {
    let candidates = Encoding::ALL.into_iter().filter(|encoding| offered(*encoding));
    let mut best = None;
    let mut best_weight = weight(accept, "identity").unwrap_or(1);
    for encoding in candidates {
        let given = weight(accept, encoding.token()).or_else(|| weight(accept, "*")).unwrap_or(0);
        // A coding is preferred to the plain form at equal weight.
        let wins = if best.is_none() { given >= best_weight } else { given > best_weight };
        if given > 0 && wins {
            (best, best_weight) = (Some(encoding), given);
        }
    }
    best
}

/// The weight of `token` in thousandths, if it is named.
fn weight(accept: &str, token: &str) -> Option<u16> {
    accept.split(',').find_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next()?;
        let is_named = name.eq_ignore_ascii_case(token) || (token == "gzip" && name == "x-gzip");
        is_named.then(|| parts.find_map(quality).unwrap_or(1000))
    })
}

/// `q=0.5` in thousandths; what is no number counts as nothing.
fn quality(parameter: &str) -> Option<u16> {
    let value = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))?;
    let value: f32 = value.trim().parse().unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    Some((value.clamp(0.0, 1.0) * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chosen(accept: &str) -> Option<Encoding> {
        choose(accept, |_| true)
    }

    #[test]
    fn weights_are_obeyed() {
        assert_eq!(chosen("gzip, deflate, br, zstd"), Some(Encoding::Br));
        assert_eq!(chosen("gzip;q=0"), None);
        assert_eq!(chosen("br;q=0.2, gzip;q=0.8"), Some(Encoding::Gzip));
        assert_eq!(chosen("*"), Some(Encoding::Br));
        assert_eq!(chosen("*, br;q=0"), Some(Encoding::Zstd));
        assert_eq!(chosen("identity, gzip;q=0.5"), None);
        assert_eq!(chosen(""), None);
        assert_eq!(choose("br", |encoding| encoding == Encoding::Gzip), None);
    }

    proptest! {
        #[test]
        fn no_header_makes_choosing_panic(accept in "\\PC*|[a-z*,;=.0-9 ]*") {
            let _ = chosen(&accept);
        }
    }
}

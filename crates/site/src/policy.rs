//! What pages may do: the Content-Security-Policy that they are sent with.

use crate::Settings;
use crate::inline::Inline;
use crate::settings::origin;
use crate::theme::Theme;
use std::fmt::Write;

/// Name, sources in any case, hashes of what stands in the page, services that the writer has.
type Directive<'a> = (&'a str, &'a str, &'a [String], &'a [Option<&'a str>]);

/// A page may use the files of its own site, and what stands in the theme by hash; pictures and
/// films may come from anywhere, since posts show them. To this comes what `site.toml` names.
pub(crate) fn policy(settings: &Settings, theme: &Theme) -> String {
    let own = settings.policy.directives();
    let analytics = origin(&settings.analytics);
    let comments = origin(&settings.comments.script);
    let scripts = [theme.script.source()];
    let styles: Vec<String> = theme.styles.iter().map(Inline::source).collect();
    let directives: [Directive; 9] = [
        ("script-src", "'self'", &scripts, &[analytics, comments]),
        ("style-src", "'self'", &styles, &[comments]),
        ("img-src", "'self' data: https:", &[], &[]),
        ("media-src", "'self' https:", &[], &[]),
        ("font-src", "'self'", &[], &[]),
        ("connect-src", "'self'", &[], &[analytics, comments]),
        ("frame-src", "", &[], &[comments]),
        ("manifest-src", "'self'", &[], &[]),
        ("form-action", "'self'", &[], &[]),
    ];
    let mut policy = "default-src 'none'".to_owned();
    for (name, base, hashes, services) in directives {
        let extra = own.iter().find(|(own, _)| *own == name).map_or(&[][..], |(_, extra)| extra);
        let mut sources: Vec<&str> = base.split_whitespace().collect();
        // A hash would undo this word (CSP Level 3, §6.7.3.2).
        if !extra.iter().any(|source| source == "'unsafe-inline'") {
            sources.extend(hashes.iter().map(String::as_str));
        }
        sources.extend(services.iter().flatten());
        sources.extend(extra.iter().map(String::as_str));
        if !sources.is_empty() {
            let _ = write!(policy, "; {name} {}", sources.join(" "));
        }
    }
    policy.push_str("; base-uri 'none'; frame-ancestors 'none'");
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let content = tempfile::tempdir().unwrap();
        std::fs::write(content.path().join("site.toml"), text).unwrap();
        let settings = Settings::read(content.path()).unwrap();
        policy(&settings, &Theme::open(content.path(), "").unwrap())
    }

    #[test]
    fn a_page_runs_the_sites_own_files_and_what_stands_in_it() {
        let policy = of("");

        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'sha256-"), "{policy}");
        assert!(policy.contains("; style-src 'self' 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("frame-src"), "{policy}");
        assert!(policy.ends_with("; base-uri 'none'; frame-ancestors 'none'"), "{policy}");
    }

    #[test]
    fn services_that_the_writer_named_are_allowed() {
        let policy = of("analytics = \"https://stats.org:8/a.js?b\"\n\
                         [comments]\nscript = \"https://c.org/e.js\"\n\
                         [policy]\nframe-src = [\"https://video.org\"]");
        let of = |name: &str| policy.split("; ").find(|part| part.starts_with(name)).unwrap();

        assert!(of("script-src").ends_with("' https://stats.org:8 https://c.org"), "{policy}");
        assert_eq!(of("connect-src"), "connect-src 'self' https://stats.org:8 https://c.org");
        assert_eq!(of("frame-src"), "frame-src https://c.org https://video.org");
        assert!(of("style-src").ends_with("' https://c.org"), "{policy}");
    }

    #[test]
    fn a_writer_who_allows_every_style_is_not_refused_by_a_hash() {
        let policy = of("[policy]\nstyle-src = [\"'unsafe-inline'\"]");

        assert!(policy.contains("; style-src 'self' 'unsafe-inline'; "), "{policy}");
        assert!(policy.contains("script-src 'self' 'sha256-"), "{policy}");
    }
}

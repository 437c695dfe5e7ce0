//! What gateways share, in a folder: certificates beside each other, the rest in `.acme`.
//!
//! Files appear and are replaced whole. A certificate's name has its host, its authority and the
//! second of its making, so that a new one never replaces another and the pair is never half of
//! each: the key is there before the certificate, and a key alone is nothing.

use super::lease::Lease;
use crate::settings::Host;
use instant_acme::AccountCredentials;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder, as far as one authority is concerned.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    shared: PathBuf,
    /// The authority, as a part of names.
    authority: String,
}

/// A new certificate with its chain, and its key; PEM.
pub(super) struct Made {
    pub(super) chain: String,
    pub(super) key: String,
}

/// A certificate that was written.
pub(super) struct Written(PathBuf);

/// The account. Its thumbprint answers every question of the authority, and gives nobody anything
/// who does not have the key (RFC 8555 §8.1).
#[derive(Serialize, Deserialize)]
struct Account {
    thumbprint: String,
    credentials: AccountCredentials,
}

/// A question that the authority may ask in a TLS handshake, until this is dropped.
#[derive(Debug)]
pub(super) struct Question(PathBuf);

impl Drop for Question {
    fn drop(&mut self) {
        // One that stays answers nothing that is asked later, and the host's next one replaces it.
        let _ = remove(&self.0);
    }
}

/// Failures of a host, in a row.
#[derive(Debug, Serialize, Deserialize)]
struct Pause {
    failures: u32,
    until: i64,
}

impl Store {
    /// The folder for what the authority at `directory` gives. It must take new files.
    pub(super) fn open(folder: &Path, directory: &str) -> io::Result<Self> {
        let shared = folder.join(".acme");
        fs::create_dir_all(&shared)?;
        let address = directory.trim_start_matches("https://");
        let part = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let authority = address.chars().map(part).collect();
        let store = Self { folder: folder.to_owned(), shared, authority };
        let probe = store.folder.join(format!(".probe-{}", chance()));
        write(&probe, b"")?;
        fs::remove_file(probe)?;
        Ok(store)
    }

    /// The answer to the question `token`, from the account that any gateway has made.
    pub(crate) fn answer(&self, token: &str) -> Option<String> {
        let is_char = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if token.is_empty() || token.len() > 128 || !token.bytes().all(is_char) {
            return None;
        }
        let account: Account = read(&self.account_path())?;
        Some(format!("{token}.{}", account.thumbprint))
    }

    /// From now on every gateway answers the question about `host`, to which `digest` belongs: in a
    /// handshake, the authority does not say what it asks.
    pub(super) fn put_question(&self, host: &Host, digest: &[u8]) -> io::Result<Question> {
        let path = self.question_path(host);
        write(&path, digest)?;
        Ok(Question(path))
    }

    /// The digest that answers the open question about `host`.
    pub(super) fn question(&self, host: &Host) -> Option<Vec<u8>> {
        fs::read(self.question_path(host)).ok()
    }

    pub(super) fn account(&self) -> Option<AccountCredentials> {
        read::<Account>(&self.account_path()).map(|account| account.credentials)
    }

    pub(super) fn put_account(
        &self,
        thumbprint: &str,
        credentials: AccountCredentials,
    ) -> io::Result<()> {
        let account = Account { thumbprint: thumbprint.to_owned(), credentials };
        write(&self.account_path(), &serde_json::to_vec(&account)?)
    }

    pub(super) fn forget_account(&self) -> io::Result<()> {
        remove(&self.account_path())
    }

    /// The right to ask, for `time`; nothing if somebody else has it.
    pub(super) fn lease(&self, time: Duration) -> io::Result<Option<Lease>> {
        Lease::take(&self.shared, time)
    }

    /// Until when, since 1970, nobody is asked about `host`.
    pub(super) fn pause(&self, host: &Host) -> Option<i64> {
        read::<Pause>(&self.pause_path(host)).map(|pause| pause.until)
    }

    /// Failures in a row.
    pub(super) fn failures(&self, host: &Host) -> u32 {
        read::<Pause>(&self.pause_path(host)).map_or(0, |pause| pause.failures)
    }

    pub(super) fn put_pause(&self, host: &Host, failures: u32, until: i64) -> io::Result<()> {
        write(&self.pause_path(host), &serde_json::to_vec(&Pause { failures, until })?)
    }

    pub(super) fn forget_pause(&self, host: &Host) -> io::Result<()> {
        remove(&self.pause_path(host))
    }

    /// Whether the certificate at `path` was asked of another authority.
    pub(super) fn is_foreign(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        matches!(name.split('@').collect::<Vec<_>>()[..], [_, authority, _] if authority != self.authority)
    }

    /// Writes a certificate that was made at `now`.
    pub(super) fn put(&self, host: &Host, made: &Made, now: i64) -> io::Result<Written> {
        let path = self.folder.join(format!("{host}@{}@{now}.crt", self.authority));
        write(&path.with_extension("key"), made.key.as_bytes())?;
        write(&path, made.chain.as_bytes())?;
        Ok(Written(path))
    }

    /// Removes the certificates that `written` replaces.
    pub(super) fn forget_others(&self, host: &Host, written: &Written) -> io::Result<()> {
        let ours = format!("{host}@");
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_certificate = path.extension().is_some_and(|extension| extension == "crt");
            if name.starts_with(&ours) && is_certificate && path != written.0 {
                Written(path).remove()?;
            }
        }
        Ok(())
    }

    fn account_path(&self) -> PathBuf {
        self.shared.join(format!("account@{}.json", self.authority))
    }

    fn question_path(&self, host: &Host) -> PathBuf {
        self.shared.join(format!("question@{}@{host}", self.authority))
    }

    fn pause_path(&self, host: &Host) -> PathBuf {
        self.shared.join(format!("pause@{}@{host}.json", self.authority))
    }
}

impl Written {
    /// Removes it, since it is of no use.
    pub(super) fn take_back(self) {
        // It is not used, and the next one has another name.
        let _ = self.remove();
    }

    fn remove(self) -> io::Result<()> {
        remove(&self.0)?;
        remove(&self.0.with_extension("key"))
    }
}

/// What is there; nothing if there is nothing that can be read.
fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Puts `content` at `path`, whole or not at all, for this user alone.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", chance()));
    let new = path.with_file_name(name);
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(new, path)
}

/// In containers, every process has the same number.
fn chance() -> u64 {
    let mut random = [0; 8];
    // Without chance, whoever writes at the same time may fail, and tries again.
    let _ = getrandom::fill(&mut random);
    u64::from_ne_bytes(random)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_replaces_those_of_its_host_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), "https://ca.example/dir").unwrap();
        let other = Store::open(folder.path(), "https://staging.example/dir").unwrap();
        let made = || Made { chain: "chain".into(), key: "key".into() };
        let (host, neighbour) = ("a.example".parse().unwrap(), "b.a.example".parse().unwrap());
        fs::write(folder.path().join("a.example.crt"), "by hand").unwrap();
        store.put(&neighbour, &made(), 1).unwrap();
        other.put(&host, &made(), 1).unwrap();
        store.put(&host, &made(), 2).unwrap();

        let written = store.put(&host, &made(), 3).unwrap();
        store.forget_others(&host, &written).unwrap();

        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        let expected = [
            "a.example.crt",
            "a.example@ca.example-dir@3.crt",
            "a.example@ca.example-dir@3.key",
            "b.a.example@ca.example-dir@1.crt",
            "b.a.example@ca.example-dir@1.key",
        ];
        assert_eq!(names, expected);
        assert!(other.is_foreign(&written.0) && !store.is_foreign(&written.0));
        assert!(!store.is_foreign(&folder.path().join("a.example.crt")));
    }

    #[test]
    fn only_a_token_is_answered_and_only_with_an_account() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), "https://ca.example/dir").unwrap();
        assert_eq!(store.answer("token"), None);
        let account =
            r#"{"thumbprint":"print","credentials":{"id":"1","key_pkcs8":"","directory":null}}"#;
        fs::write(store.account_path(), account).unwrap();

        assert_eq!(store.answer("to-ken_1").as_deref(), Some("to-ken_1.print"));
        for bad in ["", "a/b", "a.b", "%41", &"a".repeat(129)] {
            assert_eq!(store.answer(bad), None, "{bad}");
        }
    }
}

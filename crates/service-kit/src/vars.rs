//! Settings, read once from the environment or from a map.

use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fs;
use std::str::FromStr;
use std::time::Duration;

/// A setting that cannot be used. Names the setting, never its value.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// The value is not of the setting's form.
    #[error("`{name}` cannot be used: write {wanted}")]
    Malformed {
        /// The setting.
        name: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// Both forms are there, and which one was meant is not for us to guess.
    #[error("`{0}` and `{0}_FILE` are both set: remove one")]
    Twice(String),
    /// The file named by `…_FILE` cannot be read.
    #[error("the file that `{name}_FILE` names cannot be read")]
    Unreadable {
        /// The setting, without `_FILE`.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Where settings come from.
pub trait Vars {
    /// The variable `name` itself.
    fn raw(&self, name: &str) -> Option<String>;

    /// The setting `name`: the variable, or the content of the file that `name_FILE` names, as
    /// Swarm secrets are given. Empty is the same as unset.
    ///
    /// # Errors
    ///
    /// [`SettingError`] if both are set or the file cannot be read.
    fn get(&self, name: &str) -> Result<Option<String>, SettingError> {
        let present = |text: String| (!text.is_empty()).then_some(text);
        let plain = self.raw(name).and_then(present);
        let Some(file) = self.raw(&format!("{name}_FILE")).and_then(present) else {
            return Ok(plain);
        };
        if plain.is_some() {
            return Err(SettingError::Twice(name.to_owned()));
        }
        match fs::read_to_string(file) {
            Ok(text) => Ok(present(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(source) => Err(SettingError::Unreadable { name: name.to_owned(), source }),
        }
    }

    /// The setting `name`, read as a `T`; `wanted` says what it takes.
    ///
    /// # Errors
    ///
    /// As [`Vars::get`], and [`SettingError::Malformed`].
    fn parsed<T: FromStr>(
        &self,
        name: &str,
        wanted: &'static str,
    ) -> Result<Option<T>, SettingError> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        let malformed = |_| SettingError::Malformed { name: name.to_owned(), wanted };
        text.parse().map(Some).map_err(malformed)
    }

    /// The setting `name`, read as several `T` with commas between them; `wanted` says what it
    /// takes.
    ///
    /// # Errors
    ///
    /// As [`Vars::parsed`].
    fn list<T: FromStr>(
        &self,
        name: &str,
        wanted: &'static str,
    ) -> Result<Option<Vec<T>>, SettingError> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        let items = text.split(',').map(|item| item.trim().parse());
        let malformed = |_| SettingError::Malformed { name: name.to_owned(), wanted };
        items.collect::<Result<Vec<T>, _>>().map(Some).map_err(malformed)
    }

    /// The setting `name` as a secret, which no log shows.
    ///
    /// # Errors
    ///
    /// As [`Vars::get`].
    fn secret(&self, name: &str) -> Result<Option<SecretString>, SettingError> {
        Ok(self.get(name)?.map(SecretString::from))
    }

    /// The setting `name` as a duration: `250ms`, `5s`, `2m`, `1h`.
    ///
    /// # Errors
    ///
    /// As [`Vars::parsed`].
    fn duration(&self, name: &str) -> Result<Option<Duration>, SettingError> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        let wanted = "a duration such as `5s` or `250ms`";
        duration(&text)
            .map(Some)
            .ok_or_else(|| SettingError::Malformed { name: name.to_owned(), wanted })
    }
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let millis = match &text[digits..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnv;

impl Vars for ProcessEnv {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads it")]
    fn raw(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// Settings of a test.
#[derive(Debug, Clone, Default)]
pub struct MapVars(BTreeMap<String, String>);

impl<const N: usize> From<[(&str, &str); N]> for MapVars {
    fn from(vars: [(&str, &str); N]) -> Self {
        Self(vars.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl Vars for MapVars {
    fn raw(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stands_for_a_setting() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "secret\n").unwrap();
        let path = file.path().to_str().unwrap();

        let vars = MapVars::from([("KEY_FILE", path), ("TWICE", "x"), ("TWICE_FILE", path)]);

        assert_eq!(vars.get("KEY").unwrap().as_deref(), Some("secret"));
        assert!(matches!(vars.get("TWICE"), Err(SettingError::Twice(_))));
    }

    #[test]
    fn a_bad_value_is_named_by_its_setting_and_not_shown() {
        let vars = MapVars::from([("PORT", "hunter2"), ("WAIT", "5 parsecs"), ("EMPTY", "")]);

        let error = vars.parsed::<u16>("PORT", "a port").unwrap_err().to_string();

        assert_eq!(error, "`PORT` cannot be used: write a port");
        assert!(vars.duration("WAIT").is_err());
        assert_eq!(vars.get("EMPTY").unwrap(), None);
    }

    #[test]
    fn durations_have_units() {
        let vars = MapVars::from([("A", "250ms"), ("B", "2m")]);

        assert_eq!(vars.duration("A").unwrap(), Some(Duration::from_millis(250)));
        assert_eq!(vars.duration("B").unwrap(), Some(Duration::from_mins(2)));
    }
}

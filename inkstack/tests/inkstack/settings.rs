//! `.env.sample` and the code name the same settings with the same defaults.

use service_kit::{MapVars, Vars};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The sample's settings, noting which of them are asked for.
struct Sample {
    values: BTreeMap<&'static str, &'static str>,
    asked: RefCell<BTreeSet<String>>,
}

impl Vars for Sample {
    fn raw(&self, name: &str) -> Option<String> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.values.get(name).map(|value| (*value).to_owned())
    }
}

/// What `vars` set, of each program. Secrets show as such.
fn all(vars: &impl Vars) -> [String; 5] {
    [
        format!("{:?}", door::Settings::from_vars(vars).unwrap()),
        format!("{:?}", gateway::Settings::from_vars(vars).unwrap()),
        format!("{:?}", api::Settings::from_vars(vars).unwrap()),
        format!("{:?}", blog_static::Settings::from_vars(vars).unwrap()),
        format!("{:?}", content_loader::Settings::from_vars(vars).unwrap()),
    ]
}

#[test]
fn the_sample_names_every_setting_with_its_default() {
    let text = include_str!("../../../.env.sample");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let values = lines.map(|line| line.split_once('=').unwrap()).collect();
    let sample = Sample { values, asked: RefCell::default() };

    assert_eq!(all(&sample), all(&MapVars::default()));

    let asked = sample.asked.borrow();
    let asked: BTreeSet<&str> =
        asked.iter().map(String::as_str).filter(|name| !name.ends_with("_FILE")).collect();
    // Every program's log reads these before there are settings.
    let logs = BTreeSet::from(["LOG_FORMAT", "LOG_LEVEL"]);
    let named: BTreeSet<&str> = sample.values.keys().copied().collect();
    assert_eq!(named, asked.union(&logs).copied().collect());
}

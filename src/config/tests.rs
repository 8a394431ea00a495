//! The table against Kafka's own, loading, listeners, topics, what DescribeConfigs shows.

mod describe;
mod listeners;
mod load;
mod table;
mod topic;

use std::collections::BTreeMap;

use crate::config::{ConfigError, Flag, Settings, Sources};

/// Sources with these flags only.
fn flags(flags: &[(&str, &str)]) -> Sources {
    let flag = |(name, value): &(&str, &str)| Flag {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
        flag: "--set",
    };
    Sources { flags: flags.iter().map(flag).collect(), ..Sources::default() }
}

fn load(given: &[(&str, &str)]) -> Settings {
    Settings::load(&flags(given)).expect("the settings are sound")
}

/// What is wrong, as a person reads it.
fn faults(sources: &Sources) -> Vec<String> {
    let errors = Settings::load(sources).expect_err("something is wrong");
    errors.iter().map(ConfigError::to_string).collect()
}

fn map(items: &[(&str, &str)]) -> BTreeMap<String, String> {
    items.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

//! docs/PROTOCOL.md, rendered from the table, and the test that keeps it true.
//!
//! With `KLAMM_BLESS=1` in the environment the test writes the file instead of comparing it.

use std::fmt::Write;
use std::ops::RangeInclusive;
use std::path::Path;

use super::table::{APIS, Api};

const HEAD: &str = "\
# What Klamm speaks

This page is made from the table of APIs (`src/api/table.rs`); a test compares them. To write it
anew: `KLAMM_BLESS=1 cargo test --release --lib api::document`.

An API that is missing here is not served: a request for it closes the connection, as Apache Kafka
does with what it does not know. A version outside the range does so as well, but for ApiVersions,
which answers UNSUPPORTED_VERSION in the layout of version 0. Every field of a version in the range
is honoured; what differs from Apache Kafka 4.3 is in the notes.

| key | API | versions | advertised | flexible from |
|---:|---|---|---|---|
";

fn range(versions: &RangeInclusive<i16>) -> String {
    match versions.start() == versions.end() {
        true => versions.start().to_string(),
        false => format!("{}-{}", versions.start(), versions.end()),
    }
}

/// The first version with tagged fields (KIP-482).
fn flexible_from(api: &Api) -> String {
    let first = api.served.clone().find(|version| (api.request_header)(*version) >= 2);
    first.map_or_else(|| "-".to_owned(), |version| version.to_string())
}

fn render() -> String {
    let mut page = HEAD.to_owned();
    for api in APIS {
        let (served, told) = (range(&api.served), range(&api.advertised));
        let flexible = flexible_from(api);
        let key = api.key as i16;
        writeln!(page, "| {key} | {} | {served} | {told} | {flexible} |", api.name())
            .expect("a String takes everything");
    }
    let noted = APIS.iter().filter(|api| !api.note.is_empty());
    let notes: String = noted.map(|api| format!("- **{}**: {}\n", api.name(), api.note)).collect();
    if !notes.is_empty() {
        page = page + "\n## Notes\n\n" + &notes;
    }
    page
}

#[test]
fn the_page_says_what_the_table_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PROTOCOL.md");
    let rendered = render();
    if std::env::var_os("KLAMM_BLESS").is_some() {
        std::fs::write(&page, &rendered).expect("the checkout can be written");
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(written == rendered, "docs/PROTOCOL.md is out of date: run with KLAMM_BLESS=1");
}

#[test]
fn the_table_is_in_the_order_of_keys_and_each_key_is_there_once() {
    assert!(APIS.is_sorted_by_key(|api| api.key as i16));
    assert!(APIS.windows(2).all(|pair| pair[0].key != pair[1].key));
}

#[test]
fn what_is_served_is_advertised_and_can_be_decoded() {
    for api in APIS {
        let (name, codec) = (api.name(), api.key.valid_versions());
        assert!(codec.min <= *api.served.start() && *api.served.end() <= codec.max, "{name}");
        let told = [api.served.start(), api.served.end()];
        assert!(told.iter().all(|version| api.advertised.contains(version)), "{name}");
    }
}

//! What must not be written: names that are not a room's business, and what is left undone.

use crate::Source;
use crate::code::{blank, test_lines, tokens};
use crate::layers::room;

/// Names that rooms must not use, and why.
const FOREIGN: &[(&[&str], &[&str], &str)] = &[
    (
        &["log", "groups", "txns", "catalog", "auth", "base"],
        &["tokio", "rand", "tracing", "parking_lot", "Mutex", "RwLock", "async", "await"],
        "a pure room has no task, lock, randomness or log",
    ),
    (
        &["log", "groups", "txns", "catalog", "auth"],
        &["Instant", "SystemTime"],
        "a pure room is told the time",
    ),
    (
        &["base", "config", "wire", "store", "log", "groups", "txns", "catalog", "auth", "broker"],
        &["kafka_protocol", "TcpStream", "TcpListener"],
        "messages are the api room's, sockets the net room's",
    ),
    (&["net"], &["kafka_protocol"], "messages are the api room's"),
    (&["api"], &["spawn", "Mutex", "RwLock", "Engine"], "the broker owns tasks, locks, the store"),
];

/// Files that may: (file, name, why).
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Uses of names that a room must not know.
pub fn foreign(source: &Source) -> Vec<String> {
    let Some(own) = room(&source.path) else { return Vec::new() };
    let code = blank(&source.text);
    let in_tests = test_lines(&source.path, &code);
    let mut found = Vec::new();
    for (line, token) in tokens(&code) {
        let banned =
            FOREIGN.iter().find(|(rooms, names, _)| rooms.contains(&own) && names.contains(&token));
        let excepted = EXCEPTIONS.iter().any(|(file, of, _)| *file == source.path && *of == token);
        if let (Some((_, _, why)), false, false) = (banned, excepted, in_tests(line)) {
            found.push(format!("{}:{line}: {own} names {token}: {why}", source.path));
        }
    }
    found
}

/// Marks of unfinished work, as word sequences.
const UNDONE: &[&[&str]] = &[
    &["todo", "!"],
    &["unimplemented", "!"],
    &["dbg", "!"],
    &["#", "[", "ignore"],
    &["thread", ":", ":", "sleep"],
];

/// Marks of unfinished work anywhere, and `unwrap` outside of tests.
pub fn undone(source: &Source) -> Vec<String> {
    let code = blank(&source.text);
    let in_tests = test_lines(&source.path, &code);
    let tokens = tokens(&code);
    let words: Vec<_> = tokens.iter().map(|(_, token)| *token).collect();
    let mut found = Vec::new();
    for (index, (line, _)) in tokens.iter().enumerate() {
        let starts = |mark: &&&[&str]| words[index..].starts_with(mark);
        if let Some(mark) = UNDONE.iter().find(starts) {
            found.push(format!("{}:{line}: {}", source.path, mark.concat()));
        }
        let unwraps = words[index..].starts_with(&[".", "unwrap", "(", ")"]);
        if unwraps && !in_tests(*line) {
            found.push(format!("{}:{line}: unwrap(); say why it cannot happen", source.path));
        }
    }
    found
}

/// Folders of one machine. (Written apart, so that this file passes.)
const WORKPLACE: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Absolute paths that exist on one machine only.
pub fn workplace(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        if let Some(word) = WORKPLACE.iter().find(|word| line.contains(*word)) {
            found.push(format!("{}:{}: {word}", source.path, index + 1));
        }
    }
    found
}

#[test]
fn foreign_names_are_found_in_their_rooms_only() {
    let of = |path: &str, text: &str| foreign(&Source::sample(path, text)).len();
    assert_eq!(of("src/log/x.rs", "use tokio::sync::watch; fn f() { Instant::now() }"), 2);
    assert_eq!(of("src/broker/x.rs", "use kafka_protocol::messages; TcpStream"), 2);
    assert_eq!(of("src/api/x.rs", "tokio::spawn(async {}); use parking_lot::Mutex;"), 2);
    assert_eq!(of("src/broker/x.rs", "use tokio::sync::watch; async fn f() {}"), 0);
    assert_eq!(of("src/log/x.rs", "// tokio\nlet tokios = \"tokio\"; operand();"), 0);
    assert_eq!(of("src/log/x/tests.rs", "use std::sync::Mutex;"), 0);
}

#[test]
fn unfinished_work_is_found() {
    let of = |path: &str, text: &str| undone(&Source::sample(path, text)).len();
    let marks = ["todo!()", "unimplemented!()", "dbg!(x)", "#[ignore]", "std::thread::sleep(x)"];
    for mark in marks {
        assert_eq!(of("src/x.rs", mark), 1, "{mark}");
        assert_eq!(of("protocol-tests/x.rs", mark), 1, "{mark}");
    }
    assert_eq!(of("src/x.rs", "a.unwrap(); a.unwrap_or(b); // .unwrap()"), 1);
    assert_eq!(of("src/x.rs", "#[cfg(test)]\nmod tests {\n fn f() { a.unwrap(); }\n}"), 0);
    assert_eq!(of("src/x/tests.rs", "a.unwrap()"), 0);
}

#[test]
fn a_path_of_one_machine_is_found() {
    let text = format!("fine\nsee {}main\n", WORKPLACE[0]);
    assert_eq!(workplace(&Source::sample("README.md", &text)).len(), 1);
    assert_eq!(workplace(&Source::sample("README.md", "in a /workshop")).len(), 0);
}

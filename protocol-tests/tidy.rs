//! The layering and the budgets, as a test: it reads the source, not the compiled program.
//!
//! Reading order: `tidy/code.rs` (source without comments and strings), `tidy/layers.rs` (who may
//! use whom), `tidy/budgets.rs` (sizes, headers), `tidy/words.rs` (what must not be written).
//! Every rule has samples of what it must find: a rule that cannot fail is no rule.

#![expect(unreachable_pub, reason = "a test has no outside, and rooms read better with pub")]

#[path = "tidy/budgets.rs"]
mod budgets;
#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the checkout.
pub struct Source {
    /// Path from the top, with forward slashes.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl Source {
    /// A made-up file, for samples.
    #[cfg(test)]
    pub fn sample(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}

/// Where the rules look; what is built or fetched is left out.
const SKIPPED: &[&str] = &[".git", "target", "node_modules", "klamm-data", "__pycache__"];

/// Endings of files that are text of ours.
const TEXTS: &[&str] = &[
    "rs",
    "md",
    "toml",
    "sh",
    "py",
    "yml",
    "yaml",
    "java",
    "go",
    "js",
    "mjs",
    "ts",
    "properties",
    "xml",
    "gradle",
    "txt",
    "json",
];

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("the checkout can be read");
    for entry in entries {
        let path = entry.expect("the checkout can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        match path.is_dir() {
            true => walk(&path, found),
            false => found.push(path),
        }
    }
}

fn sources(wanted: impl Fn(&str) -> bool) -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(top, &mut paths);
    paths.sort();
    let relative = |path: &PathBuf| {
        let path = path.strip_prefix(top).expect("found below it");
        path.to_string_lossy().replace('\\', "/")
    };
    paths
        .iter()
        .map(|path| (path, relative(path)))
        .filter(|(_, path)| wanted(path))
        .filter_map(|(file, path)| fs::read_to_string(file).ok().map(|text| Source { path, text }))
        .collect()
}

fn rust() -> Vec<Source> {
    let ours = |path: &str| path.starts_with("src/") || path.starts_with("protocol-tests/");
    sources(|path| ours(path) && path.ends_with(".rs"))
}

fn texts() -> Vec<Source> {
    sources(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.rsplit_once('.') {
            Some((_, ending)) => TEXTS.contains(&ending),
            None => true, // Dockerfile, scripts
        }
    })
}

fn check(found: Vec<String>) {
    assert!(found.is_empty(), "{} found:\n  {}", found.len(), found.join("\n  "));
}

#[test]
fn rooms_use_lower_layers_only() {
    check(rust().iter().flat_map(layers::breaches).collect());
}

#[test]
fn rooms_do_not_name_what_is_not_theirs() {
    check(rust().iter().flat_map(words::foreign).collect());
}

#[test]
fn files_functions_and_lines_are_within_their_budgets() {
    check(rust().iter().flat_map(budgets::overdrawn).collect());
}

#[test]
fn exceptions_are_still_needed() {
    check(budgets::needless(&rust()));
}

#[test]
fn nothing_is_left_undone_or_unwrapped() {
    check(rust().iter().flat_map(words::undone).collect());
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    check(texts().iter().flat_map(words::workplace).collect());
}

//! Sizes: what does not fit into a head does not belong into a file.

use crate::Source;
use crate::code::{blank, block_end, tokens};

/// Lines of a file, above which it needs an entry below.
const FILE_SOFT: usize = 400;

/// Lines of a file that no reason excuses.
const FILE_HARD: usize = 600;

/// Lines of a function, from `fn` to its closing brace.
const FUNCTION: usize = 70;

/// Columns of a line.
const LINE: usize = 100;

/// Files over the soft budget, each with its reason.
const LONG_FILES: &[(&str, &str)] =
    &[("src/store/rocks/writer.rs", "two threads that are understood only together")];

/// Functions over the budget: (file, function, why).
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[(
    "protocol-tests/samples.rs",
    "samples",
    "a table: one entry for each API, which is easier to compare with Kafka's in one piece",
)];

/// What is over its budget, or has no header.
pub fn overdrawn(source: &Source) -> Vec<String> {
    let Source { path, text } = source;
    let mut found = Vec::new();
    let lines = text.lines().count();
    let excused = LONG_FILES.iter().any(|(file, _)| file == path);
    if lines > FILE_HARD || (lines > FILE_SOFT && !excused) {
        found.push(format!("{path}: {lines} lines"));
    }
    if !text.starts_with("//! ") {
        found.push(format!("{path}: no //! header"));
    }
    for (index, line) in text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > LINE {
            found.push(format!("{path}:{}: {columns} columns", index + 1));
        }
    }
    for (line, name, length) in functions(text) {
        let excused = LONG_FUNCTIONS.iter().any(|(file, of, _)| file == path && *of == name);
        if length > FUNCTION && !excused {
            found.push(format!("{path}:{line}: fn {name} has {length} lines"));
        }
    }
    found
}

/// Entries above that nothing needs any more.
pub fn needless(sources: &[Source]) -> Vec<String> {
    let find = |file: &str| sources.iter().find(|source| source.path == file);
    let files = LONG_FILES.iter().filter(|(file, _)| {
        find(file).is_none_or(|source| source.text.lines().count() <= FILE_SOFT)
    });
    let functions = LONG_FUNCTIONS.iter().filter(|(file, name, _)| {
        let long = |text: &str| functions(text).iter().any(|(_, n, l)| n == name && *l > FUNCTION);
        find(file).is_none_or(|source| !long(&source.text))
    });
    let files = files.map(|(file, _)| format!("{file} is short again"));
    files.chain(functions.map(|(file, name, _)| format!("{file}: {name} is short again"))).collect()
}

/// Functions with a body: line, name, length in lines.
fn functions(text: &str) -> Vec<(usize, String, usize)> {
    let code = blank(text);
    let tokens = tokens(&code);
    let mut found = Vec::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let [(line, "fn"), (_, name)] = pair else { continue };
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            continue; // the type `fn(..)`
        }
        let Some(end) = body_end(&tokens, index) else { continue };
        found.push((*line, (*name).to_owned(), tokens[end].0 - line + 1));
    }
    found
}

/// The end of a function's body; `None` when it has none.
fn body_end(tokens: &[(usize, &str)], from: usize) -> Option<usize> {
    let mut depth = 0;
    for (index, (_, token)) in tokens.iter().enumerate().skip(from) {
        match *token {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            ";" if depth == 0 => return None,
            "{" if depth == 0 => return block_end(tokens, index),
            _ => {}
        }
    }
    None
}

#[test]
fn what_is_too_large_is_found() {
    let of = |text: &str| overdrawn(&Source::sample("src/x.rs", text));
    let body = "a;\n".repeat(70);
    let long_function = format!("//! A.\nfn f(a: [u8; 2]) -> u8\nwhere {{\n{body}}}\n");
    assert_eq!(of(&long_function), ["src/x.rs:2: fn f has 73 lines"]);
    assert_eq!(of(&format!("//! A.\n// {}\n", "é".repeat(98))), ["src/x.rs:2: 101 columns"]);
    assert_eq!(of(&format!("//! A.\n{}", "a;\n".repeat(400))), ["src/x.rs: 401 lines"]);
    assert_eq!(of("fn f() {}\n"), ["src/x.rs: no //! header"]);
}

#[test]
fn what_fits_is_not_found() {
    let body = "a;\n".repeat(68);
    let bodiless = "trait T { fn g(); fn h(a: fn(u8)) { '{'; } }";
    let text = format!("//! A.\nfn f() {{\n{body}}}\n{bodiless}\n");
    assert_eq!(overdrawn(&Source::sample("src/x.rs", &text)), [""; 0]);
}

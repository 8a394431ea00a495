//! A room may use rooms of a strictly lower layer, and itself.

use crate::Source;
use crate::code::{blank, tokens};

/// Rooms by layer, from the ground up.
const LAYERS: &[&[&str]] = &[
    &["base"],
    &["config", "wire", "store"],
    &["log", "groups", "txns", "catalog", "auth"],
    &["broker"],
    &["api"],
    &["net"],
];

/// Uses that break the rule for a reason: (file, room used, why).
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

/// The room a file belongs to; `None` for what stands above all rooms.
pub fn room(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let first = inside.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first)).filter(|room| layer(room).is_some())
}

/// Uses of rooms that are not below this file's.
pub fn breaches(source: &Source) -> Vec<String> {
    let Some(own) = room(&source.path) else { return Vec::new() };
    let code = blank(&source.text);
    let mut found = Vec::new();
    for (line, used) in rooms_used(&source.path, &code) {
        let excepted = EXCEPTIONS.iter().any(|(file, to, _)| *file == source.path && *to == used);
        if used != own && layer(used) >= layer(own) && !excepted {
            found.push(format!("{}:{line}: {own} uses {used}", source.path));
        }
    }
    found
}

/// Every room that is named as `crate::room`, in `crate::{room, ..}`, or through `super`.
fn rooms_used<'a>(path: &str, code: &'a str) -> Vec<(usize, &'a str)> {
    let tokens = tokens(code);
    let word = |index: usize| tokens.get(index).map_or("", |(_, token)| *token);
    let mut found = Vec::new();
    for start in 0..tokens.len() {
        let follows_path = start >= 2 && word(start - 1) == ":" && word(start - 2) == ":";
        let after = match word(start) {
            "crate" => start + 1,
            "super" if !follows_path => {
                let mut supers = 1;
                while word(start + supers * 3) == "super" {
                    supers += 1;
                }
                if supers < depth(path) {
                    continue;
                }
                start + supers * 3 - 2
            }
            _ => continue,
        };
        if word(after) != ":" || word(after + 1) != ":" {
            continue;
        }
        named(&tokens, after + 2, &mut found);
    }
    found.retain(|(_, used)| layer(used).is_some());
    found
}

/// The first words of a path, or of each path in a group.
fn named<'a>(tokens: &[(usize, &'a str)], from: usize, found: &mut Vec<(usize, &'a str)>) {
    if tokens.get(from).is_none_or(|(_, token)| *token != "{") {
        found.extend(tokens.get(from));
        return;
    }
    let (mut depth, mut first) = (0, false);
    for token in &tokens[from..] {
        match token.1 {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if first && depth == 1 => found.push(*token),
            _ => {}
        }
        first = matches!(token.1, "{" | ",");
        if depth == 0 {
            return;
        }
    }
}

/// How many `super`s lead from a file's module to the crate's root.
fn depth(path: &str) -> usize {
    let parts = path.split('/').count() - 1;
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

#[cfg(test)]
fn found(path: &str, text: &str) -> Vec<String> {
    breaches(&Source::sample(path, text))
}

#[test]
fn a_use_of_a_higher_room_is_found_however_it_is_written() {
    for text in [
        "use crate::net::Bound;",
        "use crate::{base::Now, net};",
        "use crate::{\n    base,\n    net::{self, Bound},\n};",
        "fn f() { crate::net::bind() }",
        "use super::super::net;",
        "type T = crate :: net :: Bound;",
    ] {
        let broken = found("src/broker/x.rs", text);
        assert_eq!(broken.len(), 1, "{text}: {broken:?}");
        assert!(broken[0].contains("broker uses net"), "{broken:?}");
    }
    assert_eq!(found("src/broker/mod.rs", "use super::api;").len(), 1);
}

#[test]
fn rooms_of_one_layer_do_not_see_each_other() {
    assert_eq!(found("src/log/x.rs", "use crate::groups::Group;").len(), 1);
    assert_eq!(found("src/config/x.rs", "use crate::wire::batch;").len(), 1);
}

#[test]
fn what_is_allowed_is_not_found() {
    for text in [
        "use crate::base::Now; use crate::store::{Engine, Write}; use crate::broker::cell;",
        "// crate::net is above\n/* crate::api */ const A: &str = \"crate::net\";",
        "use super::net;", // a module beside this one, not the room
        "use crate::store::{net, api::x};",
        "use other::net::Bound;",
    ] {
        assert_eq!(found("src/broker/x.rs", text), [""; 0], "{text}");
    }
    assert_eq!(found("src/main.rs", "use crate::net;"), [""; 0]);
}

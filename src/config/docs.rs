//! docs/CONFIG.md, written from the tables; a test compares it.

use std::fmt::Write;

use crate::config::keys::topics::{self, TopicKey};
use crate::config::keys::{self, Definition, Reload, Standing};
use crate::config::value::{Check, Kind};

const HEAD: &str = "\
# Settings

This page is written from the tables in `src/config/keys/` by `klamm config-docs`; a test checks
that it is up to date. The names, types, defaults and checks are those of Apache Kafka 4.3.

Settings come from the defaults below, then from `--config server.properties`, then from
`KAFKA_*` environment variables (`KAFKA_NUM_PARTITIONS` is `num.partitions`, a double underscore
stands for `_`, a triple one for `-`), then from flags (`--set num.partitions=3`). What clients
alter while the broker runs (`kafka-configs`) wins over all of them and is kept with the data. An
unknown name or a value that fails its check ends the start with a message; so does a setting that
asks for what is not built. Settings that have no meaning here are accepted, checked and listed,
and a log line says that they have no effect.

Where a default differs from Kafka's: `listeners` is this machine only, `log.dir` is a folder
beside the program, and `node.id` and `process.roles`, which Kafka wants set, have one.
";

/// The whole page.
pub fn page() -> String {
    let mut page = String::from(HEAD);
    let honoured = |definition: &&Definition| definition.standing == Standing::Honoured;
    page.push_str("\n## Broker settings that are honoured\n\n");
    page.push_str("\"Altered\" says whether a client can alter it while the broker runs.\n\n");
    page.push_str("| setting | type | default | values | altered | what it does |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    keys::all().filter(honoured).for_each(|definition| broker_row(&mut page, definition));
    page.push_str("\n## Topic settings that are honoured\n\n");
    page.push_str("Each can be given when a topic is made, and altered at any time.\n\n");
    page.push_str("| setting | type | default | values | inherits from | what it does |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    let honoured = |key: &&TopicKey| key.standing == Standing::Honoured;
    topics::all().filter(honoured).for_each(|key| topic_row(&mut page, key));
    page.push_str("\n## Accepted without effect\n");
    by_reason(&mut page, |standing| match standing {
        Standing::Meaningless(why) => Some(why),
        _ => None,
    });
    page.push_str("\n## Refused unless they have their default\n");
    by_reason(&mut page, |standing| match standing {
        Standing::Refused(why) => Some(why),
        _ => None,
    });
    page
}

fn broker_row(page: &mut String, definition: &Definition) {
    let altered = match definition.reload {
        Reload::ReadOnly => "no",
        Reload::PerBroker => "per broker",
        Reload::ClusterWide => "yes",
    };
    let Definition { name, kind, default, check, .. } = definition;
    let (default, check, what) =
        (shown(*default), values(*kind, check), cell(&definition.summary()));
    let kind = kind_name(*kind);
    put(page, format_args!("| `{name}` | {kind} | {default} | {check} | {altered} | {what} |"));
}

fn topic_row(page: &mut String, key: &TopicKey) {
    let TopicKey { name, kind, default, check, broker, .. } = key;
    let inherits = broker.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let (default, check, what) = (shown(Some(default)), values(*kind, check), cell(key.summary));
    let kind = kind_name(*kind);
    put(page, format_args!("| `{name}` | {kind} | {default} | {check} | {inherits} | {what} |"));
}

/// The names of all keys of one standing, gathered by the reason for it.
fn by_reason(page: &mut String, reason: fn(Standing) -> Option<&'static str>) {
    let broker = keys::all().map(|definition| (definition.standing, definition.name, ""));
    let topic = topics::all().map(|key| (key.standing, key.name, " (topic)"));
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for (standing, name, of) in broker.chain(topic) {
        let Some(why) = reason(standing) else { continue };
        let name = format!("`{name}`{of}");
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) => names.push(name),
            None => reasons.push((why, vec![name])),
        }
    }
    reasons.sort();
    for (why, names) in reasons {
        put(page, format_args!("\nBecause {why}:"));
        put(page, format_args!("{}.", names.join(", ")));
    }
}

fn put(page: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(page, "{line}").expect("writing to a String cannot fail");
}

fn shown(default: Option<&str>) -> String {
    match default {
        None => "null".to_owned(),
        Some("") => "empty".to_owned(),
        Some(text) => format!("`{text}`"),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::String => "string",
        Kind::Int => "int",
        Kind::Short => "short",
        Kind::Long => "long",
        Kind::Double => "double",
        Kind::List => "list",
        Kind::Class => "class",
        Kind::Password => "password",
    }
}

fn values(kind: Kind, check: &Check) -> String {
    match check {
        Check::Any if kind == Kind::Boolean => "true, false".to_owned(),
        Check::Any => "any".to_owned(),
        Check::AtLeast(least) => format!("at least {least}"),
        Check::Between(least, most) => format!("{least} to {most}"),
        Check::Ratio(least, most) => format!("{least} to {most}"),
        Check::GzipLevel => "1 to 9, or -1".to_owned(),
        Check::OneOf(allowed) | Check::OneOfAnyCase(allowed) => allowed.join(", "),
        Check::EachOneOf(allowed) => format!("list of {}", allowed.join(", ")),
        Check::NonEmpty => "not empty".to_owned(),
        Check::ThrottledReplicas => "list of partition:broker, or *".to_owned(),
    }
}

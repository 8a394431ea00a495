//! The rules as tables, and the records: what was written is what is read back.

mod alter;
mod create;
mod records;

use std::collections::BTreeMap;

use bytes::Bytes;

use super::alter::{Alteration, Edit, Edits, Resource};
use super::create::{Assignment, CreateError, NewTopic};
use super::*;
use crate::store::Space;

/// The only broker of these tests.
const NODE: i32 = 1;

fn settings() -> Settings {
    let settings = Settings::default();
    assert_eq!(settings.node_id(), NODE, "the tests name brokers by their ids");
    settings
}

/// A small state as a store would keep it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Kept {
    catalog: BTreeMap<Vec<u8>, Bytes>,
    meta: BTreeMap<Vec<u8>, Bytes>,
}

impl Kept {
    fn write(&mut self, writes: Vec<Write>) {
        for write in writes {
            match write {
                Write::Put { space, key, value } => {
                    self.space(space).insert(key.to_vec(), value);
                }
                Write::Delete { space, key } => {
                    self.space(space).remove(&key.to_vec());
                }
                other => panic!("a catalog keeps no logs: {other:?}"),
            }
        }
    }

    fn space(&mut self, space: Space) -> &mut BTreeMap<Vec<u8>, Bytes> {
        match space {
            Space::Catalog => &mut self.catalog,
            Space::Meta => &mut self.meta,
            other => panic!("not the catalog's: {other:?}"),
        }
    }

    fn restore(&self) -> Catalog {
        let items = self.catalog.iter().map(|(key, value)| (key.as_slice(), value.as_ref()));
        let counters = self.meta.get(COUNTERS_KEY).map(|value| value.as_ref());
        Catalog::restore(items, counters, &settings()).expect("what was written can be read")
    }
}

/// A topic as far as the records keep it; its resolved settings follow from that.
fn facts(topic: &Topic) -> impl PartialEq + std::fmt::Debug + use<> {
    let Topic { id, number, name, partitions, overrides, config: _, internal } = topic.clone();
    (id, number, name, partitions, overrides, internal)
}

fn assert_same(left: &Catalog, right: &Catalog) {
    let topics = |catalog: &Catalog| catalog.topics().map(|t| facts(t)).collect::<Vec<_>>();
    assert_eq!(topics(left), topics(right));
    assert_eq!(left.similar, right.similar);
    assert_eq!(left.altered, right.altered);
    assert_eq!(left.dead, right.dead);
    assert_eq!(left.partitions, right.partitions);
    assert_eq!(left.counters, right.counters);
    let ids = |catalog: &Catalog| {
        catalog
            .by_id
            .iter()
            .map(|(id, topic)| (*id, topic.name.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(ids(left), ids(right));
}

fn topic(name: &str, partitions: i32) -> NewTopic {
    let mut id = [0; 16];
    name.bytes().take(16).enumerate().for_each(|(at, byte)| id[at] = byte);
    NewTopic {
        name: name.into(),
        partitions,
        replication_factor: 1,
        id: TopicId(id),
        ..NewTopic::default()
    }
}

/// A catalog with these topics, of two partitions each.
fn with(names: &[&str]) -> Catalog {
    let mut catalog = Catalog::default();
    let topics = names.iter().map(|name| topic(name, 2)).collect();
    let made = catalog.create(topics, Mode::Apply, &settings());
    assert!(made.answers.iter().all(Result::is_ok), "{:?}", made.answers);
    catalog
}

#[test]
fn a_deleted_topic_leaves_its_logs_and_its_number_behind() {
    let mut catalog = with(&["a", "b"]);
    let a = catalog.topic("a").expect("just made").clone();
    let gone = catalog.delete(&[a.id, a.id, TopicId([9; 16])]);
    let gone = gone.answers.into_iter().map(|answer| answer.map(|topic| topic.number));
    assert_eq!(gone.collect::<Vec<_>>(), [Ok(a.number), Err(NoSuchTopic), Err(NoSuchTopic)]);
    assert_eq!(catalog.dead(), &BTreeMap::from([(a.number, a.partitions.clone())]));
    assert!(catalog.topic("a").is_none() && catalog.topic_by_id(a.id).is_none());

    catalog.create(vec![topic("a", 1)], Mode::Apply, &settings());
    let again = catalog.topic("a").expect("just made").number;
    assert_eq!(again, 3, "a number is never used again");

    catalog.reclaimed(a.number);
    assert!(catalog.dead().is_empty());
    assert!(catalog.reclaimed(a.number).writes.is_empty(), "there is nothing left to note");
}

#[test]
fn names_are_legal_as_kafkas_are() {
    use names::NameFault::*;
    let longest = "x".repeat(249);
    for (name, expected) in [
        ("a", Ok(())),
        ("A.b_c-9", Ok(())),
        ("...", Ok(())),
        (longest.as_str(), Ok(())),
        ("", Err(Empty)),
        (".", Err(Dots)),
        ("..", Err(Dots)),
        (&format!("{longest}x"), Err(TooLong)),
        (&"ä".repeat(250), Err(TooLong)),
        ("a b", Err(Characters)),
        ("a/b", Err(Characters)),
        ("ä", Err(Characters)),
        ("a\0", Err(Characters)),
    ] {
        assert_eq!(names::check(name), expected, "{name:?}");
    }
    assert!(names::is_internal("__consumer_offsets") && !names::is_internal("__mine"));
}

//! Properties: replaying what was written gives the catalog that wrote it; no bytes make reading
//! panic.

use proptest::prelude::*;

use super::*;
use crate::catalog::grow::Growth;

/// One thing that clients do.
#[derive(Clone, Debug)]
enum Step {
    Create(u8, i32, bool),
    Delete(u8),
    Grow(u8, i32),
    Alter(u8, u8),
    Broker(bool, Option<u8>),
    Reclaim(u8),
}

fn name(number: u8) -> String {
    // Some of these are alike but for '.' and '_'.
    format!("t{}{}{}", number % 5, if number.is_multiple_of(2) { '.' } else { '_' }, number % 3)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (any::<u8>(), 1..5, any::<bool>()).prop_map(|(n, p, c)| Step::Create(n, p, c)),
        any::<u8>().prop_map(Step::Delete),
        (any::<u8>(), 1..9).prop_map(|(n, p)| Step::Grow(n, p)),
        (any::<u8>(), any::<u8>()).prop_map(|(n, v)| Step::Alter(n, v)),
        (any::<bool>(), any::<Option<u8>>()).prop_map(|(c, v)| Step::Broker(c, v)),
        (1..20_u8).prop_map(Step::Reclaim),
    ]
}

fn take(catalog: &mut Catalog, at: usize, step: &Step) -> Vec<Write> {
    let settings = settings();
    match step {
        Step::Create(number, partitions, compact) => {
            let mut wanted = topic(&name(*number), *partitions);
            wanted.id.0[15] = u8::try_from(at).expect("few steps");
            if *compact {
                wanted.configs.push(("cleanup.policy".into(), Some("compact".into())));
            }
            catalog.create(vec![wanted], Mode::Apply, &settings).writes
        }
        Step::Delete(number) => {
            let id = catalog.topic(&name(*number)).map_or(TopicId::NONE, |topic| topic.id);
            catalog.delete(&[id]).writes
        }
        Step::Grow(number, count) => {
            let growth = Growth { name: name(*number), count: *count, assignments: None };
            catalog.grow(&[growth], Mode::Apply, &settings).writes
        }
        Step::Alter(number, value) => {
            let edit = match value {
                0..50 => Edit::Delete,
                value => Edit::Set(value.to_string()),
            };
            let alteration = Alteration {
                resource: Resource::Topic(name(*number)),
                edits: Edits::Some(vec![("retention.ms".into(), edit)]),
            };
            catalog.alter(&[alteration], Mode::Apply, &settings).writes
        }
        Step::Broker(cluster, value) => {
            let edit = value.map_or(Edit::Delete, |value| Edit::Set(format!("{}", value | 1)));
            let scope = if *cluster { Scope::Cluster } else { Scope::Node(NODE) };
            let alteration = Alteration {
                resource: Resource::Broker(scope),
                edits: Edits::Some(vec![("log.retention.ms".into(), edit)]),
            };
            catalog.alter(&[alteration], Mode::Apply, &settings).writes
        }
        Step::Reclaim(number) => catalog.reclaimed(u32::from(*number)).writes,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_restores_the_catalog(steps in proptest::collection::vec(step(), 1..40)) {
        let (mut catalog, mut kept) = (Catalog::default(), Kept::default());
        for (at, step) in steps.iter().enumerate() {
            kept.write(take(&mut catalog, at, step));
            // K1 holds at every step: a crash may come after any.
            assert_same(&kept.restore(), &catalog);
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(key in bytes(6), value in bytes(80)) {
        let settings = settings();
        let _ = Catalog::restore([(key.as_slice(), value.as_slice())].into_iter(), None, &settings);
        let _ = Catalog::restore(std::iter::empty(), Some(&value), &settings);
    }

    #[test]
    fn a_damaged_record_is_told_or_read_but_never_a_panic(at in 0..200_usize, bit in 0..8_u32) {
        let mut kept = Kept::default();
        let mut catalog = Catalog::default();
        let mut wanted = topic("damaged", 3);
        wanted.configs.push(("retention.ms".into(), Some("5".into())));
        kept.write(catalog.create(vec![wanted], Mode::Apply, &settings()).writes);
        for (key, value) in &kept.catalog {
            let mut value = value.to_vec();
            let at = at % value.len();
            value[at] ^= 1 << bit;
            let counters = kept.meta.get(COUNTERS_KEY).map(|value| value.as_ref());
            let items = [(key.as_slice(), value.as_slice())].into_iter();
            let _ = Catalog::restore(items, counters, &settings());
        }
    }
}

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    // Starts that are near what records start with get further into the reader.
    let start = prop_oneof![Just(b't'), Just(b'd'), Just(b'b'), Just(1_u8), any::<u8>()];
    (start, proptest::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..max)).prop_map(
        |(first, mut rest)| {
            rest.insert(0, first);
            rest
        },
    )
}

#[test]
fn records_of_a_newer_version_are_refused() {
    let mut kept = Kept::default();
    kept.write(Catalog::default().create(vec![topic("a", 1)], Mode::Apply, &settings()).writes);
    let (key, value) = kept.catalog.first_key_value().expect("one topic");
    let mut newer = value.to_vec();
    newer[0] = 2;
    let counters = kept.meta.get(COUNTERS_KEY).map(|value| value.as_ref());
    let items = [(key.as_slice(), newer.as_slice())].into_iter();
    let error = Catalog::restore(items, counters, &settings()).expect_err("version 2");
    assert!(error.0.contains("version 2"), "{error}");
}

#[test]
fn a_topic_recorded_twice_is_corrupt() {
    let mut kept = Kept::default();
    kept.write(Catalog::default().create(vec![topic("a", 1)], Mode::Apply, &settings()).writes);
    let value = kept.catalog.values().next().expect("one topic").clone();
    let items = [(b"t\0\0\0\x01".as_slice(), &*value), (b"t\0\0\0\x00".as_slice(), &*value)];
    let counters = kept.meta.get(COUNTERS_KEY).map(|value| value.as_ref());
    assert!(Catalog::restore(items.into_iter(), counters, &settings()).is_err());
}

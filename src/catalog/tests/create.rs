//! What a new topic, and a growing one, must be.

use super::*;
use crate::base::limits::PARTITIONS_PER_REQUEST_MAX;
use crate::catalog::alter::ConfigFault;
use crate::catalog::create::AssignmentFault;
use crate::catalog::grow::{GrowError, Growth};
use crate::catalog::names::NameFault;

fn create(catalog: &Catalog, topic: NewTopic) -> Result<usize, CreateError> {
    let mut catalog = catalog.clone();
    let decided = catalog.create(vec![topic], Mode::Apply, &settings());
    let answer = decided.answers.into_iter().next().expect("one answer to one ask");
    assert_eq!(answer.is_ok(), !decided.writes.is_empty());
    answer.map(|topic| topic.partitions.len())
}

fn assigned(name: &str, assignments: &[(i32, &[i32])]) -> NewTopic {
    let assignment = |(partition, brokers): &(i32, &[i32])| Assignment {
        partition: *partition,
        brokers: brokers.to_vec(),
    };
    NewTopic {
        partitions: -1,
        replication_factor: -1,
        assignments: assignments.iter().map(assignment).collect(),
        ..topic(name, -1)
    }
}

#[test]
fn partitions_and_replicas_are_given_or_the_brokers_own() {
    let catalog = with(&["taken"]);
    let asked =
        |partitions, replication_factor| NewTopic { replication_factor, ..topic("x", partitions) };
    for (partitions, replicas, expected) in [
        (1, 1, Ok(1)),
        (7, 1, Ok(7)),
        (-1, 1, Ok(1)),
        (7, -1, Ok(7)),
        (0, 1, Err(CreateError::Partitions)),
        (-2, 1, Err(CreateError::Partitions)),
        (i32::MIN, 1, Err(CreateError::Partitions)),
        (1, 0, Err(CreateError::ReplicationFactor)),
        (0, 0, Err(CreateError::ReplicationFactor)),
        (1, i16::MIN, Err(CreateError::ReplicationFactor)),
        (1, 2, Err(CreateError::Replicas { asked: 2 })),
        (1, i16::MAX, Err(CreateError::Replicas { asked: 32_767 })),
        (10_001, 1, Err(CreateError::RequestTooLarge)),
        (i32::MAX, 1, Err(CreateError::RequestTooLarge)),
    ] {
        assert_eq!(
            create(&catalog, asked(partitions, replicas)),
            expected,
            "{partitions} {replicas}"
        );
    }
}

#[test]
fn a_name_must_be_free_and_like_no_other() {
    let catalog = with(&["taken", "a.b", "c_d"]);
    let collides = |with: &str| Err(CreateError::Collides { with: with.into() });
    for (name, expected) in [
        ("taken", Err(CreateError::Exists)),
        ("a.b", Err(CreateError::Exists)),
        ("a_b", collides("a.b")),
        ("c.d", collides("c_d")),
        ("a-b", Ok(1)),
        ("ab", Ok(1)),
        ("", Err(CreateError::Name(NameFault::Empty))),
        ("a/b", Err(CreateError::Name(NameFault::Characters))),
        ("__cluster_metadata", Err(CreateError::MetadataTopic)),
        ("__consumer_offsets", Ok(1)),
    ] {
        assert_eq!(create(&catalog, topic(name, 1)), expected, "{name:?}");
    }
}

#[test]
fn an_assignment_by_hand_is_complete_and_names_this_broker_once() {
    let catalog = Catalog::default();
    let wrong = |fault| Err(CreateError::Assignment(fault));
    type Assigned<'a> = &'a [(i32, &'a [i32])];
    let cases: [(Assigned<'_>, _); 9] = [
        (&[(0, &[NODE])], Ok(1)),
        (&[(1, &[NODE]), (0, &[NODE])], Ok(2)),
        (&[(0, &[NODE]), (0, &[NODE])], wrong(AssignmentFault::Repeated { partition: 0 })),
        (&[(0, &[NODE]), (2, &[NODE])], wrong(AssignmentFault::NotConsecutive)),
        (&[(-1, &[NODE])], wrong(AssignmentFault::NotConsecutive)),
        (&[(0, &[])], wrong(AssignmentFault::NoBroker)),
        (&[(0, &[77])], wrong(AssignmentFault::UnknownBroker { broker: 77 })),
        (&[(0, &[NODE, NODE])], wrong(AssignmentFault::RepeatedBroker { broker: NODE })),
        (&[(0, &[NODE, -5])], wrong(AssignmentFault::UnknownBroker { broker: -5 })),
    ];
    for (assignments, expected) in cases {
        assert_eq!(create(&catalog, assigned("x", assignments)), expected, "{assignments:?}");
    }
    let counted = NewTopic { partitions: 1, ..assigned("x", &[(0, &[NODE])]) };
    assert_eq!(create(&catalog, counted), Err(CreateError::AssignedAndCounted));
    let replicated = NewTopic { replication_factor: 1, ..assigned("x", &[(0, &[NODE])]) };
    assert_eq!(create(&catalog, replicated), Err(CreateError::AssignedAndReplicated));
}

#[test]
fn settings_of_a_new_topic_have_values_that_fit() {
    let create = |configs: &[(&str, Option<&str>)]| {
        let configs = configs.iter().map(|(k, v)| (k.to_string(), v.map(str::to_owned)));
        create(&Catalog::default(), NewTopic { configs: configs.collect(), ..topic("x", 1) })
    };
    assert_eq!(create(&[("retention.ms", Some("5")), ("cleanup.policy", Some("compact"))]), Ok(1));
    assert_eq!(create(&[("retention.ms", Some("5")), ("retention.ms", Some("6"))]), Ok(1));
    let none = ConfigFault::NoValue { keys: vec!["retention.ms".into()] };
    assert_eq!(create(&[("retention.ms", None)]), Err(CreateError::Config(none)));
    let refused = |result| matches!(result, Err(CreateError::Config(ConfigFault::Refused(_))));
    assert!(refused(create(&[("retention.ms", Some("soon"))])));
    assert!(refused(create(&[("retention.ms", Some("-2"))])));
    assert!(refused(create(&[("no.such.key", Some("1"))])));
    let long = "0:1,".repeat(20_000);
    let long = create(&[("leader.replication.throttled.replicas", Some(&long))]);
    assert_eq!(long, Err(CreateError::Config(ConfigFault::TooLong)));
}

#[test]
fn a_request_is_bounded_and_names_each_topic_once() {
    let half = i32::try_from(PARTITIONS_PER_REQUEST_MAX / 2).expect("small");
    let mut catalog = Catalog::default();
    let all = vec![topic("a", half), topic("b", half), topic("c", 1)];
    let decided = catalog.create(all, Mode::Apply, &settings());
    assert!(decided.answers.iter().all(|answer| {
        answer.as_ref().is_err_and(|error| *error == CreateError::RequestTooLarge)
    }));

    let twice = vec![topic("a", 1), topic("b", 1), topic("a", 2)];
    let decided = catalog.create(twice, Mode::Apply, &settings());
    let answers: Vec<_> = decided.answers.iter().map(|a| a.as_ref().err().cloned()).collect();
    assert_eq!(answers, [Some(CreateError::Repeated), None, Some(CreateError::Repeated)]);
    assert_eq!(catalog.topics().count(), 1);
}

#[test]
fn checking_changes_nothing() {
    let mut catalog = with(&["a"]);
    let before = catalog.clone();
    let decided = catalog.create(vec![topic("b", 3)], Mode::Validate, &settings());
    assert!(decided.answers[0].is_ok() && decided.writes.is_empty() && decided.changes.is_empty());
    let growth = Growth { name: "a".into(), count: 5, assignments: None };
    let decided = catalog.grow(&[growth], Mode::Validate, &settings());
    assert!(decided.answers[0].is_ok() && decided.writes.is_empty());
    assert_same(&catalog, &before);
}

#[test]
fn a_topic_grows_and_never_shrinks() {
    let grow = |count, assignments: Option<&[&[i32]]>| {
        let assignments = assignments.map(|all| all.iter().map(|one| one.to_vec()).collect());
        let growth = Growth { name: "a".into(), count, assignments };
        let decided = with(&["a"]).grow(&[growth], Mode::Apply, &settings());
        decided.answers.into_iter().next().expect("one answer").map(|t| t.partitions.len())
    };
    let fewer = |asked| Err(GrowError::Fewer { partitions: 2, asked });
    let wrong = |fault| Err(GrowError::Assignment(fault));
    assert_eq!(grow(3, None), Ok(3));
    assert_eq!(grow(2, None), Err(GrowError::Same { partitions: 2 }));
    assert_eq!(grow(1, None), fewer(1));
    assert_eq!(grow(i32::MIN, None), fewer(i32::MIN));
    assert_eq!(grow(i32::MAX, None), Err(GrowError::RequestTooLarge));
    assert_eq!(grow(3, Some(&[&[NODE]])), Ok(3));
    assert_eq!(
        grow(4, Some(&[&[NODE]])),
        wrong(AssignmentFault::Count { additional: 2, given: 1 })
    );
    assert_eq!(grow(3, Some(&[&[]])), wrong(AssignmentFault::NoBroker));
    assert_eq!(grow(3, Some(&[&[9]])), wrong(AssignmentFault::UnknownBroker { broker: 9 }));

    let unknown = Growth { name: "b".into(), count: 3, assignments: None };
    let twice = Growth { name: "a".into(), count: 3, assignments: None };
    let decided = with(&["a"]).grow(&[unknown, twice.clone(), twice], Mode::Apply, &settings());
    let errors: Vec<_> = decided.answers.into_iter().map(|answer| answer.err()).collect();
    let repeated = Some(GrowError::Repeated);
    assert_eq!(errors, [Some(GrowError::NoSuchTopic), repeated.clone(), repeated]);
}

#[test]
fn partitions_keep_their_place_when_the_cleanup_policy_changes() {
    let mut catalog = with(&["a"]);
    let before = catalog.topic("a").expect("just made").partitions.clone();
    let compact = Alteration {
        resource: Resource::Topic("a".into()),
        edits: Edits::Some(vec![("cleanup.policy".into(), Edit::Set("compact".into()))]),
    };
    catalog.alter(&[compact], Mode::Apply, &settings());
    let growth = Growth { name: "a".into(), count: 4, assignments: None };
    catalog.grow(&[growth], Mode::Apply, &settings());
    let after = &catalog.topic("a").expect("still there").partitions;
    assert_eq!(after[..2], before[..], "K4");
    assert!(after[2].family != before[0].family && after[2].family != before[1].family);
    assert_eq!(after[3].partition, 3);
}

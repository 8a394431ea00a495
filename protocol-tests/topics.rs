//! CreateTopics and DeleteTopics.

use crate::harness::*;
use kafka_protocol::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, TopicName,
    create_topics_request::{CreatableReplicaAssignment, CreatableTopic},
    create_topics_response::CreatableTopicResult,
    delete_topics_request::DeleteTopicState,
};
use uuid::Uuid;

fn refused(topic: CreatableTopic) -> (Option<E>, String) {
    let mut client = connect();
    let name = topic.name.to_string();
    let result = client.create(topic);
    let code = error(result.error_code);
    assert_ne!(code, None, "it was created: {result:?}");
    assert_eq!(result.topic_id, Uuid::nil());
    if code != Some(E::InvalidTopicException) {
        let found = client.metadata(12, &[&name]);
        assert_eq!(error(found.topics[0].error_code), Some(E::UnknownTopicOrPartition));
    }
    (code, result.error_message.map(|m| m.to_string()).unwrap_or_default())
}

/// Partitions and the brokers that are to hold them.
type Assignment<'a> = &'a [(i32, &'a [i32])];

fn assigned(name: &str, partitions: Assignment) -> CreatableTopic {
    let assignments = partitions.iter().map(|(index, brokers)| {
        CreatableReplicaAssignment::default()
            .with_partition_index(*index)
            .with_broker_ids(brokers.iter().map(|b| (*b).into()).collect())
    });
    creatable(name, -1).with_replication_factor(-1).with_assignments(assignments.collect())
}

#[test]
fn every_version_creates() {
    let mut client = connect();
    for version in 2..=7 {
        let name = unique("create-versions");
        let request = CreateTopicsRequest::default()
            .with_topics(vec![creatable(&name, 2)])
            .with_timeout_ms(30_000);
        let result = client.call(version, &request).topics.remove(0);
        assert_eq!(error(result.error_code), None, "v{version}: {result:?}");
        assert_eq!(result.name, topic_name(&name));
        assert_eq!(result.topic_id.is_nil(), version < 7, "v{version}");
        if version >= 5 {
            assert_eq!((result.num_partitions, result.replication_factor), (2, 1));
            assert_eq!(result.topic_config_error_code, 0);
            let configs = result.configs.expect("the topic's settings");
            assert!(configs.iter().any(|c| &*c.name == "retention.ms"), "v{version}");
        }
        let topic = Topic { name, id: result.topic_id };
        client.await_topic(&topic, 2);
    }
}

#[test]
fn the_brokers_defaults_stand_in_for_minus_one() {
    let mut client = connect();
    let name = unique("create-defaults");
    let result = client.create(creatable(&name, -1).with_replication_factor(-1));
    assert_eq!(error(result.error_code), None);
    assert_eq!((result.num_partitions, result.replication_factor), (1, 1));
}

#[test]
fn settings_are_kept_and_told() {
    let mut client = connect();
    let name = unique("create-settings");
    let settings = vec![setting("retention.ms", "12345"), setting("cleanup.policy", "compact")];
    let result = client.create(creatable(&name, 1).with_configs(settings));
    assert_eq!(error(result.error_code), None);
    let configs = result.configs.expect("the topic's settings");
    let told = |name: &str| {
        let found = configs.iter().find(|c| *c.name == *name).expect("it is listed");
        (found.value.clone().expect("a value").to_string(), found.config_source)
    };
    // Source 1: the topic itself; 5: a default.
    assert_eq!(told("retention.ms"), ("12345".into(), 1));
    assert_eq!(told("cleanup.policy"), ("compact".into(), 1));
    assert_eq!(told("min.insync.replicas"), ("1".into(), told("min.insync.replicas").1));
}

#[test]
fn a_name_that_exists_is_refused() {
    let mut client = connect();
    let topic = client.topic("create-twice", 1);
    let result = client.create(creatable(&topic.name, 1));
    assert_eq!(error(result.error_code), Some(E::TopicAlreadyExists));
    assert!(result.error_message.is_some());
    assert_eq!(client.metadata(12, &[&topic.name]).topics[0].topic_id, topic.id);
}

/// Metrics cannot tell "a.b" from "a_b", so only one of them may exist.
#[test]
fn names_that_differ_in_a_dot_and_an_underscore_collide() {
    let mut client = connect();
    let name = unique("create_collision");
    assert_eq!(client.create(creatable(&name, 1)).error_code, 0);
    let result = client.create(creatable(&name.replace('_', "."), 1));
    assert_eq!(error(result.error_code), Some(E::InvalidTopicException));
}

#[test]
fn names_that_cannot_be_a_topics_are_refused() {
    let long = "x".repeat(250);
    for name in ["", ".", "..", "a b", "a/b", "ü", "a:b", &long] {
        assert_eq!(refused(creatable(name, 1)).0, Some(E::InvalidTopicException), "{name:?}");
    }
    let longest = format!("{}-{}", unique("longest"), "x".repeat(250));
    assert_eq!(connect().create(creatable(&longest[..249], 1)).error_code, 0);
}

#[test]
fn partition_counts_that_make_no_sense_are_refused() {
    for partitions in [0, -2, i32::MIN] {
        let (code, message) = refused(creatable(&unique("create-count"), partitions));
        assert_eq!(code, Some(E::InvalidPartitions), "{partitions}: {message}");
    }
}

#[test]
fn replication_factors_that_cannot_be_are_refused() {
    for factor in [0, -2, 2, i16::MAX] {
        let topic = creatable(&unique("create-factor"), 1).with_replication_factor(factor);
        let (code, message) = refused(topic);
        assert_eq!(code, Some(E::InvalidReplicationFactor), "{factor}: {message}");
    }
}

#[test]
fn settings_that_are_none_are_refused() {
    for (name, value) in [
        ("no.such.setting", "1"),
        ("retention.ms", "soon"),
        ("retention.ms", "-2"),
        ("cleanup.policy", "shred"),
        ("max.message.bytes", "-1"),
        ("compression.type", "rar"),
        ("message.timestamp.type", "Whenever"),
        ("min.insync.replicas", "0"),
        ("segment.bytes", "1"),
        ("", "1"),
    ] {
        let topic = creatable(&unique("create-setting"), 1);
        let (code, message) = refused(topic.with_configs(vec![setting(name, value)]));
        assert_eq!(code, Some(E::InvalidConfig), "{name}={value}: {message}");
        assert!(!message.is_empty());
    }
}

#[test]
fn a_setting_without_a_value_is_refused() {
    let mut config = setting("retention.ms", "1");
    config.value = None;
    let (code, message) = refused(creatable(&unique("create-null"), 1).with_configs(vec![config]));
    assert_eq!(code, Some(E::InvalidConfig), "{message}");
}

#[test]
fn replicas_may_be_assigned_by_hand() {
    let mut client = connect();
    let node = client.node();
    let name = unique("create-assigned");
    let result = client.create(assigned(&name, &[(0, &[node]), (1, &[node])]));
    assert_eq!(error(result.error_code), None, "{result:?}");
    assert_eq!((result.num_partitions, result.replication_factor), (2, 1));
}

#[test]
fn assignments_that_cannot_be_are_refused() {
    let mut client = connect();
    let node = client.node();
    let cases: [(&str, Assignment); 5] = [
        ("no such broker", &[(0, &[node + 1000])]),
        ("a broker twice", &[(0, &[node, node])]),
        ("no replica", &[(0, &[])]),
        ("not from zero", &[(1, &[node])]),
        ("a gap", &[(0, &[node]), (2, &[node])]),
    ];
    for (what, partitions) in cases {
        let (code, message) = refused(assigned(&unique("create-assign"), partitions));
        assert_eq!(code, Some(E::InvalidReplicaAssignment), "{what}: {message}");
    }
}

#[test]
fn assignments_leave_no_room_for_counts() {
    let mut client = connect();
    let node = client.node();
    let name = unique("create-both");
    let (code, _) = refused(assigned(&name, &[(0, &[node])]).with_num_partitions(1));
    assert_eq!(code, Some(E::InvalidRequest));
    let (code, _) = refused(assigned(&name, &[(0, &[node])]).with_replication_factor(1));
    assert_eq!(code, Some(E::InvalidRequest));
}

#[test]
fn a_name_given_twice_is_refused_once_for_both() {
    let name = unique("create-double");
    let request = CreateTopicsRequest::default()
        .with_topics(vec![creatable(&name, 1), creatable(&name, 2)])
        .with_timeout_ms(30_000);
    let answer = connect().call(7, &request);
    assert!(answer.topics.iter().all(|t| error(t.error_code) == Some(E::InvalidRequest)));
    assert_eq!(answer.topics.len(), 1);
}

#[test]
fn one_bad_topic_does_not_stop_the_others() {
    let name = unique("create-some");
    let request = CreateTopicsRequest::default()
        .with_topics(vec![creatable("a/b", 1), creatable(&name, 1)])
        .with_timeout_ms(30_000);
    let answer = connect().call(7, &request);
    let code = |name: &str| -> Option<E> {
        let found: Option<&CreatableTopicResult> =
            answer.topics.iter().find(|t| *t.name.0 == *name);
        error(found.expect("it is answered").error_code)
    };
    assert_eq!((code("a/b"), code(&name)), (Some(E::InvalidTopicException), None));
}

#[test]
fn validating_creates_nothing() {
    let mut client = connect();
    let name = unique("create-validate");
    let request = CreateTopicsRequest::default()
        .with_topics(vec![creatable(&name, 3), creatable("a/b", 1)])
        .with_timeout_ms(30_000)
        .with_validate_only(true);
    let answer = client.call(7, &request);
    let good = answer.topics.iter().find(|t| *t.name.0 == *name).expect("it is answered");
    assert_eq!((error(good.error_code), good.num_partitions), (None, 3));
    let found = client.metadata(12, &[&name]);
    assert_eq!(error(found.topics[0].error_code), Some(E::UnknownTopicOrPartition));
}

fn delete(client: &mut Client, version: i16, name: Option<TopicName>, id: Uuid) -> Option<E> {
    let request = DeleteTopicsRequest::default().with_timeout_ms(30_000);
    let request = match version {
        6.. => request.with_topics(vec![
            DeleteTopicState::default().with_name(name.clone()).with_topic_id(id),
        ]),
        _ => request.with_topic_names(name.clone().into_iter().collect()),
    };
    let answer = client.call(version, &request).responses.remove(0);
    error(answer.error_code)
}

#[test]
fn every_version_deletes() {
    let mut client = connect();
    for version in 1..=6 {
        let topic = client.topic("delete-versions", 2);
        client.append(&topic, ["a"]);
        let name = Some(topic_name(&topic.name));
        assert_eq!(delete(&mut client, version, name.clone(), Uuid::nil()), None, "v{version}");
        eventually("the topic is gone", || {
            let found = client.metadata(12, &[&topic.name]).topics.remove(0);
            (error(found.error_code) == Some(E::UnknownTopicOrPartition)).then_some(())
        });
        let again = delete(&mut client, version, name, Uuid::nil());
        assert_eq!(again, Some(E::UnknownTopicOrPartition), "v{version}");
    }
}

#[test]
fn a_topic_is_deleted_by_its_id() {
    let mut client = connect();
    let topic = client.topic("delete-id", 1);
    assert_eq!(delete(&mut client, 6, None, topic.id), None);
    assert_eq!(delete(&mut client, 6, None, topic.id), Some(E::UnknownTopicId));
    assert_eq!(delete(&mut client, 6, None, Uuid::new_v4()), Some(E::UnknownTopicId));
}

#[test]
fn a_name_and_an_id_together_are_refused() {
    let mut client = connect();
    let topic = client.topic("delete-both", 1);
    let name = Some(topic_name(&topic.name));
    assert_eq!(delete(&mut client, 6, name, topic.id), Some(E::InvalidRequest));
    assert_eq!(delete(&mut client, 6, None, Uuid::nil()), Some(E::InvalidRequest));
    assert_eq!(client.list_offset(&topic, 0, -1).error_code, 0);
}

/// What comes back under the same name is another topic: empty, with another id.
#[test]
fn a_topic_made_again_is_new() {
    let mut client = connect();
    let old = client.topic("delete-again", 1);
    client.append(&old, ["a", "b"]);
    assert_eq!(delete(&mut client, 6, None, old.id), None);
    let result = eventually("the name is free", || {
        Some(client.create(creatable(&old.name, 1))).filter(|r| r.error_code == 0)
    });
    assert_ne!(result.topic_id, old.id);
    let new = Topic { id: result.topic_id, ..old.clone() };
    eventually("it is empty", || (client.list_offset(&new, 0, -1).offset == 0).then_some(()));
    assert_eq!(client.append(&new, ["c"]), 0);
    let answer = client.produce(13, &old, 0, Batch::of(["x"]).bytes());
    assert_eq!(error(answer.error_code), Some(E::UnknownTopicId));
}

#[test]
fn a_fetch_that_waits_is_ended_by_the_topics_deletion() {
    let mut client = connect();
    let topic = client.topic("delete-waiting", 1);
    let request = fetch_request(12, &topic, &[(0, 0)]).with_max_wait_ms(3_000).with_min_bytes(1);
    let correlation = client.send(12, &request);
    assert_eq!(delete(&mut client.again(), 6, None, topic.id), None);
    // Kafka may wake it with an error or let its time run out.
    let answer = client.receive::<kafka_protocol::messages::FetchRequest>(12, correlation);
    let data = &answer.responses[0].partitions[0];
    assert_eq!(data.records.as_ref().map_or(0, |r| r.len()), 0);
}

//! AlterConfigs and IncrementalAlterConfigs: settings that change while the broker runs.

use crate::harness::*;
use kafka_protocol::messages::{
    AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest,
    alter_configs_request as full, describe_configs_request::DescribeConfigsResource,
    incremental_alter_configs_request as incremental,
};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// Replaces all settings of a resource.
fn replace(resource: (i8, &str), settings: &[(&str, &str)], validate: bool) -> Option<E> {
    let configs = settings.iter().map(|(name, value)| {
        full::AlterableConfig::default().with_name(text(name)).with_value(Some(text(value)))
    });
    let resource = full::AlterConfigsResource::default()
        .with_resource_type(resource.0)
        .with_resource_name(text(resource.1))
        .with_configs(configs.collect());
    let request =
        AlterConfigsRequest::default().with_resources(vec![resource]).with_validate_only(validate);
    error(connect().call(2, &request).responses.remove(0).error_code)
}

fn change(resource: (i8, &str), operations: &[(i8, &str, Option<&str>)]) -> Option<E> {
    change_as(1, resource, operations, false)
}

fn change_as(
    version: i16,
    resource: (i8, &str),
    operations: &[(i8, &str, Option<&str>)],
    validate: bool,
) -> Option<E> {
    let configs = operations.iter().map(|(operation, name, value)| {
        incremental::AlterableConfig::default()
            .with_name(text(name))
            .with_config_operation(*operation)
            .with_value(value.map(text))
    });
    let resource = incremental::AlterConfigsResource::default()
        .with_resource_type(resource.0)
        .with_resource_name(text(resource.1))
        .with_configs(configs.collect());
    let request = IncrementalAlterConfigsRequest::default()
        .with_resources(vec![resource])
        .with_validate_only(validate);
    error(connect().call(version, &request).responses.remove(0).error_code)
}

/// A setting's value and its source, once they are these.
#[track_caller]
fn becomes(resource: (i8, &str), name: &str, value: &str, source: i8) {
    let asked = DescribeConfigsResource::default()
        .with_resource_type(resource.0)
        .with_resource_name(text(resource.1))
        .with_configuration_keys(Some(vec![text(name)]));
    let request = DescribeConfigsRequest::default().with_resources(vec![asked]);
    let mut client = connect();
    // In Kafka a change is answered before the brokers have heard of it.
    eventually(&format!("{name}={value} from {source}"), || {
        let found = client.call(4, &request).results.remove(0).configs.remove(0);
        (found.value == Some(text(value)) && found.config_source == source).then_some(())
    });
}

#[test]
fn settings_are_set_and_deleted_one_by_one() {
    let topic = connect().topic_with("alter-one", 1, &[("segment.ms", "99999")]);
    let resource = (TOPIC, topic.name.as_str());
    for version in 0..=1 {
        let set = [(SET, "flush.ms", Some("1000"))];
        assert_eq!(change_as(version, resource, &set, false), None);
        becomes(resource, "flush.ms", "1000", 1);
        assert_eq!(change_as(version, resource, &[(DELETE, "flush.ms", None)], false), None);
        becomes(resource, "flush.ms", "9223372036854775807", 5);
    }
    becomes(resource, "segment.ms", "99999", 1);
}

#[test]
fn lists_grow_and_shrink() {
    let topic = connect().topic("alter-list", 1);
    let resource = (TOPIC, topic.name.as_str());
    assert_eq!(change(resource, &[(APPEND, "cleanup.policy", Some("compact"))]), None);
    becomes(resource, "cleanup.policy", "delete,compact", 1);
    assert_eq!(change(resource, &[(SUBTRACT, "cleanup.policy", Some("delete"))]), None);
    becomes(resource, "cleanup.policy", "compact", 1);
}

#[test]
fn only_lists_grow_and_shrink() {
    let topic = connect().topic("alter-no-list", 1);
    let resource = (TOPIC, topic.name.as_str());
    for operation in [APPEND, SUBTRACT] {
        let code = change(resource, &[(operation, "retention.ms", Some("1"))]);
        assert_eq!(code, Some(E::InvalidConfig), "operation {operation}");
    }
}

#[test]
fn replacing_deletes_what_is_not_named() {
    let settings = [("flush.ms", "1000"), ("segment.ms", "2000")];
    let topic = connect().topic_with("alter-replace", 1, &settings);
    let resource = (TOPIC, topic.name.as_str());
    assert_eq!(replace(resource, &[("segment.ms", "3000")], false), None);
    becomes(resource, "segment.ms", "3000", 1);
    becomes(resource, "flush.ms", "9223372036854775807", 5);
}

#[test]
fn validating_changes_nothing() {
    let topic = connect().topic("alter-validate", 1);
    let resource = (TOPIC, topic.name.as_str());
    assert_eq!(replace(resource, &[("flush.ms", "1000")], true), None);
    let set = [(SET, "flush.ms", Some("1000"))];
    assert_eq!(change_as(1, resource, &set, true), None);
    assert_eq!(
        change_as(1, resource, &[(SET, "flush.ms", Some("soon"))], true),
        Some(E::InvalidConfig)
    );
    becomes(resource, "flush.ms", "9223372036854775807", 5);
}

#[test]
fn settings_that_are_none_are_refused() {
    let topic = connect().topic("alter-invalid", 1);
    let resource = (TOPIC, topic.name.as_str());
    for (name, value) in [
        ("no.such.setting", "1"),
        ("retention.ms", "soon"),
        ("cleanup.policy", "shred"),
        ("min.insync.replicas", "0"),
    ] {
        let code = change(resource, &[(SET, name, Some(value))]);
        assert_eq!(code, Some(E::InvalidConfig), "{name}={value}");
        assert_eq!(replace(resource, &[(name, value)], false), Some(E::InvalidConfig), "{name}");
    }
}

/// All of a resource's changes are made or none of them.
#[test]
fn one_bad_setting_stops_the_resources_others() {
    let topic = connect().topic("alter-atomic", 1);
    let resource = (TOPIC, topic.name.as_str());
    let both = [(SET, "segment.ms", Some("2000")), (SET, "retention.ms", Some("soon"))];
    assert_eq!(change(resource, &both), Some(E::InvalidConfig));
    becomes(resource, "segment.ms", "604800000", 5);
}

#[test]
fn operations_that_make_no_sense_are_refused() {
    let topic = connect().topic("alter-operation", 1);
    let resource = (TOPIC, topic.name.as_str());
    // Kafka stumbles over an operation it does not know; to call it invalid is no less true.
    let code = change(resource, &[(9, "retention.ms", Some("1"))]);
    let allowed = [Some(E::InvalidRequest), Some(E::UnknownServerError)];
    assert!(allowed.contains(&code), "no such operation: {code:?}");
    let code = change(resource, &[(SET, "retention.ms", None)]);
    assert_eq!(code, Some(E::InvalidRequest), "no value");
    let twice = [(SET, "retention.ms", Some("1")), (SET, "retention.ms", Some("2"))];
    assert_eq!(change(resource, &twice), Some(E::InvalidRequest), "a setting twice");
}

#[test]
fn unknown_resources_are_not_changed() {
    let set = [(SET, "retention.ms", Some("1000"))];
    assert_eq!(change((TOPIC, "no-such-topic"), &set), Some(E::UnknownTopicOrPartition));
    assert_eq!(change((99, "x"), &set), Some(E::InvalidRequest));
    assert_eq!(change((0, "x"), &set), Some(E::InvalidRequest));
    let code = replace((TOPIC, "no-such-topic"), &[("retention.ms", "1000")], false);
    assert_eq!(code, Some(E::UnknownTopicOrPartition));
}

#[test]
fn a_resource_named_twice_is_refused() {
    let topic = connect().topic("alter-twice", 1);
    let config = incremental::AlterableConfig::default()
        .with_name(text("retention.ms"))
        .with_value(Some(text("1000")));
    let resource = incremental::AlterConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(&topic.name))
        .with_configs(vec![config]);
    let request =
        IncrementalAlterConfigsRequest::default().with_resources(vec![resource.clone(), resource]);
    let answer = connect().call(1, &request);
    assert!(answer.responses.iter().all(|r| error(r.error_code) == Some(E::InvalidRequest)));
}

#[test]
fn a_new_limit_of_a_topic_holds_for_what_is_appended_next() {
    let mut client = connect();
    let topic = client.topic("alter-limit", 1);
    client.append(&topic, ["x".repeat(2000)]);
    let resource = (TOPIC, topic.name.as_str());
    assert_eq!(change(resource, &[(SET, "max.message.bytes", Some("1000"))]), None);
    eventually("the limit holds", || {
        let answer = client.produce(11, &topic, 0, Batch::of(["x".repeat(2000)]).bytes());
        (error(answer.error_code) == Some(E::MessageTooLarge)).then_some(())
    });
}

#[test]
fn a_brokers_setting_that_is_fixed_is_not_changed() {
    let node = connect().node().to_string();
    for (name, value) in [("node.id", "7"), ("log.dirs", "/elsewhere"), ("process.roles", "x")] {
        let code = change((BROKER, &node), &[(SET, name, Some(value))]);
        assert_eq!(code, Some(E::InvalidRequest), "{name}");
    }
}

/// The name "" stands for all brokers.
#[test]
fn a_brokers_setting_can_be_changed_while_it_runs() {
    let node = connect().node().to_string();
    let name = "log.cleaner.delete.retention.ms";
    assert_eq!(change((BROKER, &node), &[(SET, name, Some("1234"))]), None);
    becomes((BROKER, &node), name, "1234", 2);
    assert_eq!(change((BROKER, &node), &[(DELETE, name, None)]), None);
    assert_eq!(change((BROKER, ""), &[(SET, name, Some("4321"))]), None);
    becomes((BROKER, &node), name, "4321", 3);
    assert_eq!(change((BROKER, ""), &[(DELETE, name, None)]), None);
    becomes((BROKER, &node), name, "86400000", 5);
}

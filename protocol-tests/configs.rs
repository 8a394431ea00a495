//! DescribeConfigs and ListConfigResources.

use crate::harness::*;
use kafka_protocol::messages::{
    DescribeConfigsRequest, ListConfigResourcesRequest,
    describe_configs_request::DescribeConfigsResource,
    describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult},
};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// Where a value comes from.
const FROM_TOPIC: i8 = 1;
const FROM_DEFAULT: i8 = 5;

fn describe(
    client: &mut Client,
    version: i16,
    resource: (i8, &str),
    keys: Option<&[&str]>,
) -> DescribeConfigsResult {
    let keys = keys.map(|keys| keys.iter().map(|k| text(k)).collect());
    let resource = DescribeConfigsResource::default()
        .with_resource_type(resource.0)
        .with_resource_name(text(resource.1))
        .with_configuration_keys(keys);
    let request = DescribeConfigsRequest::default()
        .with_resources(vec![resource])
        .with_include_synonyms(version >= 1)
        .with_include_documentation(version >= 3);
    client.call(version, &request).results.remove(0)
}

#[track_caller]
fn find<'a>(result: &'a DescribeConfigsResult, name: &str) -> &'a DescribeConfigsResourceResult {
    let found = result.configs.iter().find(|c| *c.name == *name);
    found.unwrap_or_else(|| panic!("{name} is not described"))
}

/// All settings of a topic in Kafka 4.3, their types (1 boolean, 2 string, 3 int, 5 long,
/// 6 double, 7 list) and defaults.
const TOPIC_SETTINGS: &[(&str, i8, &str)] = &[
    ("cleanup.policy", 7, "delete"),
    ("compression.gzip.level", 3, "-1"),
    ("compression.lz4.level", 3, "9"),
    ("compression.type", 2, "producer"),
    ("compression.zstd.level", 3, "3"),
    ("delete.retention.ms", 5, "86400000"),
    ("file.delete.delay.ms", 5, "60000"),
    ("flush.messages", 5, "9223372036854775807"),
    ("flush.ms", 5, "9223372036854775807"),
    ("follower.replication.throttled.replicas", 7, ""),
    ("index.interval.bytes", 3, "4096"),
    ("leader.replication.throttled.replicas", 7, ""),
    ("local.retention.bytes", 5, "-2"),
    ("local.retention.ms", 5, "-2"),
    ("max.compaction.lag.ms", 5, "9223372036854775807"),
    ("max.message.bytes", 3, "1048588"),
    ("message.timestamp.after.max.ms", 5, "3600000"),
    ("message.timestamp.before.max.ms", 5, "9223372036854775807"),
    ("message.timestamp.type", 2, "CreateTime"),
    ("min.cleanable.dirty.ratio", 6, "0.5"),
    ("min.compaction.lag.ms", 5, "0"),
    ("min.insync.replicas", 3, "1"),
    ("preallocate", 1, "false"),
    ("remote.log.copy.disable", 1, "false"),
    ("remote.log.delete.on.disable", 1, "false"),
    ("remote.storage.enable", 1, "false"),
    ("retention.bytes", 5, "-1"),
    ("retention.ms", 5, "604800000"),
    ("segment.bytes", 3, "1073741824"),
    ("segment.index.bytes", 3, "10485760"),
    ("segment.jitter.ms", 5, "0"),
    ("segment.ms", 5, "604800000"),
    ("unclean.leader.election.enable", 1, "false"),
];

#[test]
fn every_setting_of_a_topic_is_described() {
    let mut client = connect();
    let topic = client.topic("configs-all", 1);
    let result = describe(&mut client, 4, (TOPIC, &topic.name), None);
    assert_eq!((error(result.error_code), result.resource_type), (None, TOPIC));
    for (name, kind, default) in TOPIC_SETTINGS {
        let found = find(&result, name);
        assert_eq!(found.config_type, *kind, "{name}");
        assert_eq!(found.value, Some(text(default)), "{name}");
        assert!(!found.is_sensitive && !found.read_only, "{name}");
        assert!(found.documentation.as_ref().is_some_and(|d| d.len() > 20), "{name}");
    }
    let mut names: Vec<&str> = result.configs.iter().map(|c| &*c.name).collect();
    names.retain(|name| TOPIC_SETTINGS.iter().all(|(known, ..)| known != name));
    assert_eq!(names, [""; 0], "settings that Kafka 4.3 does not know");
}

#[test]
fn every_version_describes_a_setting_of_the_topic_itself() {
    let mut client = connect();
    let topic = client.topic_with("configs-own", 1, &[("cleanup.policy", "compact")]);
    for version in 1..=4 {
        let result =
            describe(&mut client, version, (TOPIC, &topic.name), Some(&["cleanup.policy"]));
        assert_eq!((error(result.error_code), result.configs.len()), (None, 1), "v{version}");
        let found = &result.configs[0];
        assert_eq!(found.value, Some(text("compact")), "v{version}");
        assert_eq!(found.config_source, FROM_TOPIC, "v{version}");
        // The topic's own value stands before what it hides.
        assert_eq!(found.synonyms[0].name, text("cleanup.policy"));
        assert_eq!(
            (found.synonyms[0].source, found.synonyms[0].value.clone()),
            (FROM_TOPIC, Some(text("compact")))
        );
        let last = found.synonyms.last().expect("a default");
        assert_eq!((&*last.name, last.source), ("log.cleanup.policy", FROM_DEFAULT));
        let told = found.documentation.as_ref().is_some_and(|d| !d.is_empty());
        assert_eq!(told, version >= 3, "v{version}");
    }
}

#[test]
fn a_default_of_a_topic_names_the_brokers_setting_as_its_synonym() {
    let mut client = connect();
    let topic = client.topic("configs-synonym", 1);
    let keys = ["max.message.bytes", "cleanup.policy"];
    let result = describe(&mut client, 4, (TOPIC, &topic.name), Some(&keys));
    for (name, synonym) in
        [("max.message.bytes", "message.max.bytes"), ("cleanup.policy", "log.cleanup.policy")]
    {
        let found = find(&result, name);
        assert_eq!(found.config_source, FROM_DEFAULT, "{name}");
        let synonyms: Vec<_> = found.synonyms.iter().map(|s| (&*s.name, s.source)).collect();
        assert_eq!(synonyms, [(synonym, FROM_DEFAULT)], "{name}");
    }
}

#[test]
fn only_the_settings_asked_for_are_described() {
    let mut client = connect();
    let topic = client.topic("configs-some", 1);
    let keys = ["retention.ms", "no.such.setting", "segment.ms"];
    let result = describe(&mut client, 4, (TOPIC, &topic.name), Some(&keys));
    let mut names: Vec<&str> = result.configs.iter().map(|c| &*c.name).collect();
    names.sort();
    assert_eq!(names, ["retention.ms", "segment.ms"]);
}

#[test]
fn an_empty_list_of_settings_describes_all_of_them() {
    let mut client = connect();
    let topic = client.topic("configs-none", 1);
    let result = describe(&mut client, 4, (TOPIC, &topic.name), Some(&[]));
    assert_eq!(result.configs.len(), TOPIC_SETTINGS.len());
}

#[test]
fn synonyms_and_documentation_are_left_out_when_not_asked_for() {
    let mut client = connect();
    let topic = client.topic("configs-bare", 1);
    let resource = DescribeConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(&topic.name))
        .with_configuration_keys(None);
    let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
    let result = client.call(4, &request).results.remove(0);
    assert!(result.configs.iter().all(|c| c.synonyms.is_empty() && c.documentation.is_none()));
}

#[test]
fn the_broker_describes_itself() {
    let mut client = connect();
    let node = client.node().to_string();
    let result = describe(&mut client, 4, (BROKER, &node), None);
    assert_eq!(error(result.error_code), None, "{:?}", result.error_message);
    for (name, value) in [
        ("num.partitions", "1"),
        ("log.retention.hours", "168"),
        ("message.max.bytes", "1048588"),
        ("auto.create.topics.enable", "true"),
        ("offsets.retention.minutes", "10080"),
        ("socket.request.max.bytes", "104857600"),
    ] {
        assert_eq!(find(&result, name).value, Some(text(value)), "{name}");
    }
    assert!(find(&result, "node.id").read_only);
    assert_eq!(find(&result, "node.id").value, Some(text(&node)));
    assert!(!find(&result, "message.max.bytes").read_only, "it can be changed while it runs");
}

#[test]
fn unknown_resources_are_not_described() {
    let mut client = connect();
    let node = client.node();
    let code = |client: &mut Client, resource| {
        let result = describe(client, 4, resource, None);
        assert_eq!(result.configs.len(), 0);
        error(result.error_code)
    };
    let unknown = code(&mut client, (TOPIC, "no-such-topic"));
    assert_eq!(unknown, Some(E::UnknownTopicOrPartition));
    let invalid = code(&mut client, (TOPIC, "no/such/topic"));
    assert_eq!(invalid, Some(E::InvalidTopicException));
    let other = (node + 1000).to_string();
    assert_eq!(code(&mut client, (BROKER, &other)), Some(E::InvalidRequest));
    assert_eq!(code(&mut client, (BROKER, "one")), Some(E::InvalidRequest));
    assert_eq!(code(&mut client, (99, "x")), Some(E::InvalidRequest));
    assert_eq!(code(&mut client, (0, "x")), Some(E::InvalidRequest));
}

#[test]
fn one_bad_resource_does_not_stop_the_others() {
    let mut client = connect();
    let topic = client.topic("configs-mixed", 1);
    let resource = |name: &str| {
        DescribeConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(text(name))
            .with_configuration_keys(None)
    };
    let request = DescribeConfigsRequest::default()
        .with_resources(vec![resource("no-such-topic"), resource(&topic.name)]);
    let results = client.call(4, &request).results;
    let code = |name: &str| {
        error(results.iter().find(|r| *r.resource_name == *name).expect("it").error_code)
    };
    assert_eq!(code("no-such-topic"), Some(E::UnknownTopicOrPartition));
    assert_eq!(code(&topic.name), None);
}

#[test]
fn resources_with_settings_are_listed_by_type() {
    let mut client = connect();
    let topic = client.topic("configs-listed", 1);
    let node = client.node().to_string();
    let list = |client: &mut Client, version, types: &[i8]| {
        let request = ListConfigResourcesRequest::default().with_resource_types(types.to_vec());
        let answer = client.call(version, &request);
        assert_eq!(error(answer.error_code), None);
        let found = answer.config_resources.into_iter();
        found.map(|r| (r.resource_type, r.resource_name.to_string())).collect::<Vec<_>>()
    };
    let topics = list(&mut client, 1, &[TOPIC]);
    assert!(topics.contains(&(TOPIC, topic.name.clone())));
    assert!(topics.iter().all(|(kind, _)| *kind == TOPIC));
    assert_eq!(list(&mut client, 1, &[BROKER]), [(BROKER, node)]);
    let all = list(&mut client, 1, &[]);
    assert!(all.contains(&(TOPIC, topic.name)) && all.iter().any(|(kind, _)| *kind == BROKER));
    // Version 0 lists the resources of client metrics, of which there are none.
    assert_eq!(list(&mut client, 0, &[]), []);
}

#[test]
fn a_resource_type_that_has_no_settings_is_refused() {
    for kind in [0, 1, 3, 99, -1] {
        let request = ListConfigResourcesRequest::default().with_resource_types(vec![kind]);
        let answer = connect().call(1, &request);
        assert_eq!(error(answer.error_code), Some(E::UnsupportedVersion), "type {kind}");
    }
}

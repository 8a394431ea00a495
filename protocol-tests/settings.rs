//! Settings of the broker that a client notices.

use crate::harness::*;
use kafka_protocol::messages::{MetadataRequest, metadata_request::MetadataRequestTopic};

fn with(test: &str, settings: &[&str]) -> Option<Broker> {
    let options: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    (!skipped_on_oracle(test)).then(|| Broker::start(&options))
}

#[test]
fn topics_are_not_created_by_themselves_when_that_is_forbidden() {
    let test = "topics_are_not_created_by_themselves_when_that_is_forbidden";
    let Some(broker) = with(test, &["auto.create.topics.enable=false"]) else { return };
    let wanted = MetadataRequestTopic::default().with_name(Some(topic_name("wished-for")));
    let request = MetadataRequest::default()
        .with_topics(Some(vec![wanted]))
        .with_allow_auto_topic_creation(true);
    let mut client = broker.connect();
    for _ in 0..2 {
        let code = error(client.call(12, &request).topics[0].error_code);
        assert_eq!(code, Some(E::UnknownTopicOrPartition));
    }
}

#[test]
fn a_topic_that_is_created_by_itself_has_the_default_number_of_partitions() {
    let test = "a_topic_that_is_created_by_itself_has_the_default_number_of_partitions";
    let Some(broker) = with(test, &["num.partitions=5"]) else { return };
    let wanted = MetadataRequestTopic::default().with_name(Some(topic_name("wished-for")));
    let request = MetadataRequest::default()
        .with_topics(Some(vec![wanted]))
        .with_allow_auto_topic_creation(true);
    let mut client = broker.connect();
    let partitions = eventually("the topic", || {
        let found = client.call(12, &request).topics.remove(0);
        (found.error_code == 0).then_some(found.partitions.len())
    });
    assert_eq!(partitions, 5);
}

#[test]
fn the_greatest_request_can_be_smaller() {
    let test = "the_greatest_request_can_be_smaller";
    let Some(broker) = with(test, &["socket.request.max.bytes=100000"]) else { return };
    let mut client = broker.connect();
    let topic = client.topic("small-requests", 1);
    client.append(&topic, ["x".repeat(90_000)]);
    let mut greedy = broker.connect();
    let records = Some(Batch::of(["x".repeat(110_000)]).bytes());
    greedy.send(11, &produce_request(11, -1, &topic, 0, records));
    greedy.expect_closed();
    assert_eq!(client.list_offset(&topic, 0, -1).offset, 1);
}

#[test]
fn the_brokers_limit_for_batches_holds_where_a_topic_has_none() {
    let test = "the_brokers_limit_for_batches_holds_where_a_topic_has_none";
    let Some(broker) = with(test, &["message.max.bytes=5000"]) else { return };
    let mut client = broker.connect();
    let plain = client.topic("plain", 1);
    let own = client.topic_with("own", 1, &[("max.message.bytes", "50000")]);
    let large = Batch::of(["x".repeat(10_000)]).bytes();
    let refused = client.produce(11, &plain, 0, large.clone());
    assert_eq!(error(refused.error_code), Some(E::MessageTooLarge));
    assert_eq!(error(client.produce(11, &own, 0, large).error_code), None);
}

/// Old records go: by their age, by the bytes there are; offsets stay what they were.
#[test]
fn records_above_a_topics_retention_go_away() {
    let test = "records_above_a_topics_retention_go_away";
    let often = "log.retention.check.interval.ms=100";
    let Some(broker) = with(test, &[often]) else { return };
    let mut client = broker.connect();
    // The records' times lie years back.
    let aged = client.topic_with("aged", 1, &[("retention.ms", "1000")]);
    let heavy =
        client.topic_with("heavy", 1, &[("retention.ms", "-1"), ("retention.bytes", "20000")]);
    let kept = client.topic_with("kept", 1, &[("retention.ms", "-1")]);
    for _ in 0..10 {
        client.append(&aged, ["x".repeat(5000)]);
        client.append(&heavy, ["x".repeat(5000)]);
        client.append(&kept, ["x".repeat(5000)]);
    }
    eventually("the old ones are gone", || {
        (client.list_offset(&aged, 0, -2).offset == 10).then_some(())
    });
    eventually("the log is light", || {
        (client.list_offset(&heavy, 0, -2).offset >= 5).then_some(())
    });
    let start = client.list_offset(&heavy, 0, -2).offset;
    assert!(start <= 7, "more than 20,000 bytes were to stay: {start}");
    assert_eq!(client.list_offset(&kept, 0, -2).offset, 0);
    assert_eq!(client.append(&aged, ["y"]), 10);
    assert_eq!(error(client.fetch(&heavy, 0).error_code), Some(E::OffsetOutOfRange));
}

#[test]
fn connections_above_the_limit_are_closed() {
    let test = "connections_above_the_limit_are_closed";
    let Some(broker) = with(test, &["max.connections.per.ip=5"]) else { return };
    let mut held: Vec<Client> = (0..5).map(|_| broker.connect()).collect();
    for client in &mut held {
        assert_eq!(client.metadata(12, &[]).brokers.len(), 1);
    }
    let mut one_more = broker.connect();
    one_more.send(12, &MetadataRequest::default().with_topics(Some(vec![])));
    one_more.expect_closed();
    drop(held.pop());
    eventually("there is room again", || {
        let mut next = broker.connect();
        next.send(12, &MetadataRequest::default().with_topics(Some(vec![])));
        next.receive_frame().map(|_| ())
    });
    assert_eq!(held[0].metadata(12, &[]).brokers.len(), 1);
}

//! What a broker still knows after it was killed or stopped: all that it acknowledged.

use crate::harness::{groups::*, *};
use kafka_protocol::messages::{
    DescribeGroupsRequest, OffsetForLeaderEpochRequest, ProduceRequest,
    offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic},
};

const QUICK: &[&str] = &["--set", "group.initial.rebalance.delay.ms=0"];

/// Runs the test with both ways to end: SIGKILL and SIGTERM.
fn both_ways(test: &str, mut check: impl FnMut(Broker, fn(Broker) -> Broker)) {
    if skipped_on_oracle(test) {
        return;
    }
    check(Broker::start(QUICK), Broker::kill_and_restart);
    check(Broker::start(QUICK), Broker::stop_and_restart);
}

fn values(client: &mut Client, topic: &Topic) -> i64 {
    let mut next = 0;
    loop {
        let data = client.fetch(topic, next);
        assert_eq!(error(data.error_code), None);
        let found = views(&data.records.unwrap_or_default());
        let Some(last) = found.last() else { return next };
        let mut expected = next;
        for batch in &found {
            assert_eq!(batch.base_offset, expected, "a hole");
            expected = batch.last_offset + 1;
        }
        next = last.last_offset + 1;
    }
}

#[test]
fn topics_their_ids_and_settings_survive() {
    both_ways("topics_their_ids_and_settings_survive", |broker, restart| {
        let mut client = broker.connect();
        let settings = [("retention.ms", "12345"), ("cleanup.policy", "compact")];
        let kept = client.topic_with("kept", 3, &settings);
        let deleted = client.topic("deleted", 1);
        client.delete_topic(&deleted);
        let cluster = client.metadata(12, &[]).cluster_id;
        let broker = restart(broker);
        let mut client = broker.connect();
        let answer = client.metadata(12, &[&kept.name, &deleted.name]);
        assert_eq!(answer.cluster_id, cluster);
        let found = answer.topics.iter().find(|t| t.topic_id == kept.id).expect("the topic");
        assert_eq!((error(found.error_code), found.partitions.len()), (None, 3));
        let gone = answer.topics.iter().find(|t| t.topic_id != kept.id).expect("an answer");
        assert_eq!(error(gone.error_code), Some(E::UnknownTopicOrPartition));
        let asked =
            kafka_protocol::messages::describe_configs_request::DescribeConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text(&kept.name))
                .with_configuration_keys(Some(vec![text("retention.ms")]));
        let request =
            kafka_protocol::messages::DescribeConfigsRequest::default().with_resources(vec![asked]);
        let config = client.call(4, &request).results.remove(0).configs.remove(0);
        assert_eq!((config.value, config.config_source), (Some(text("12345")), 1));
    });
}

#[test]
fn records_survive_and_offsets_go_on() {
    both_ways("records_survive_and_offsets_go_on", |broker, restart| {
        let mut client = broker.connect();
        let topic = client.topic("records", 1);
        for n in 0..200 {
            client.append(&topic, [format!("{n} a"), format!("{n} b")]);
        }
        let before = client.fetch(&topic, 0).records.expect("records");
        let broker = restart(broker);
        let mut client = broker.connect();
        assert_eq!(client.list_offset(&topic, 0, -1).offset, 400);
        assert_eq!(client.fetch(&topic, 0).records.expect("records"), before, "byte for byte");
        assert_eq!(values(&mut client, &topic), 400);
        assert_eq!(client.append(&topic, ["next"]), 400);
        let broker = restart(broker);
        assert_eq!(values(&mut broker.connect(), &topic), 401);
    });
}

/// Killed in the middle of the work: what was acknowledged is there, in order and once, and
/// what follows it is not torn.
#[test]
fn no_acknowledged_record_is_lost_in_a_crash() {
    if skipped_on_oracle("no_acknowledged_record_is_lost_in_a_crash") {
        return;
    }
    let broker = Broker::start(QUICK);
    let mut client = broker.connect();
    let topic = client.topic("crash", 1);
    let mut sent = Vec::new();
    for n in 0..500 {
        let records = Some(Batch::of([format!("{n}"), "x".repeat(2000)]).bytes());
        sent.push(client.send(11, &produce_request(11, -1, &topic, 0, records)));
    }
    for correlation in &sent[..250] {
        client.receive::<ProduceRequest>(11, *correlation);
    }
    let broker = broker.kill_and_restart();
    let mut client = broker.connect();
    let end = values(&mut client, &topic);
    assert!(end >= 500, "{end} records of at least 500 are there");
    assert_eq!(end % 2, 0, "a batch is there whole or not at all");
    assert_eq!(client.list_offset(&topic, 0, -1).offset, end);
    assert_eq!(client.append(&topic, ["next"]), end);
}

#[test]
fn a_moved_log_start_survives() {
    both_ways("a_moved_log_start_survives", |broker, restart| {
        let mut client = broker.connect();
        let topic = client.topic("start", 1);
        client.append(&topic, ["0", "1", "2"]);
        client.delete_records(&topic, 2);
        let broker = restart(broker);
        let mut client = broker.connect();
        assert_eq!(client.list_offset(&topic, 0, -2).offset, 2);
        assert_eq!(error(client.fetch(&topic, 1).error_code), Some(E::OffsetOutOfRange));
        assert_eq!(client.fetch(&topic, 2).log_start_offset, 2);
    });
}

/// An emptied log must not begin again at zero.
#[test]
fn an_emptied_log_goes_on_where_it_was() {
    both_ways("an_emptied_log_goes_on_where_it_was", |broker, restart| {
        let mut client = broker.connect();
        let topic = client.topic("emptied", 1);
        client.append(&topic, ["0", "1", "2"]);
        assert_eq!(client.delete_records_of(2, &topic, 0, -1).low_watermark, 3);
        let broker = restart(broker);
        let mut client = broker.connect();
        assert_eq!(client.list_offset(&topic, 0, -1).offset, 3);
        assert_eq!(client.append(&topic, ["3"]), 3);
    });
}

#[test]
fn a_repeated_batch_is_recognised_after_a_restart() {
    both_ways("a_repeated_batch_is_recognised_after_a_restart", |broker, restart| {
        let mut client = broker.connect();
        let topic = client.topic("repeat", 1);
        let producer = client.producer_id();
        let batch = |n: i32| Batch::of(["one", "two"]).idempotent(producer, n * 2);
        for n in 0..5 {
            client.append_batch(&topic, &batch(n));
        }
        let broker = restart(broker);
        let mut client = broker.connect();
        for n in 0..5 {
            assert_eq!(client.append_batch(&topic, &batch(n)), i64::from(n) * 2);
        }
        assert_eq!(client.list_offset(&topic, 0, -1).offset, 10);
        let gap = client.produce(11, &topic, 0, batch(7).bytes());
        assert_eq!(error(gap.error_code), Some(E::OutOfOrderSequenceNumber));
        assert_eq!(client.append_batch(&topic, &batch(5)), 10);
        let stale = Batch::of(["x"]).idempotent((producer.0, producer.1 - 1), 0);
        if producer.1 > 0 {
            let answer = client.produce(11, &topic, 0, stale.bytes());
            assert_eq!(error(answer.error_code), Some(E::InvalidProducerEpoch));
        }
    });
}

#[test]
fn a_producer_id_is_never_given_out_twice() {
    both_ways("a_producer_id_is_never_given_out_twice", |broker, restart| {
        let mut ids = vec![broker.connect().producer_id().0];
        let mut broker = broker;
        for _ in 0..2 {
            broker = restart(broker);
            ids.push(broker.connect().producer_id().0);
        }
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), 3, "{ids:?}");
    });
}

#[test]
fn committed_offsets_survive() {
    both_ways("committed_offsets_survive", |broker, restart| {
        let mut client = broker.connect();
        let topic = client.topic("committed", 1);
        let group = client.group("committed");
        for offset in 0..50 {
            client.commit(&group, &topic, offset);
        }
        let broker = restart(broker);
        let mut client = broker.connect();
        assert_eq!(client.committed(&group, &topic).committed_offset, 49);
    });
}

#[test]
fn deleted_groups_and_offsets_stay_deleted() {
    both_ways("deleted_groups_and_offsets_stay_deleted", |broker, restart| {
        let mut client = broker.connect();
        let topic = client.topic("gone", 1);
        let group = client.group("gone");
        client.commit(&group, &topic, 7);
        let request = kafka_protocol::messages::DeleteGroupsRequest::default()
            .with_groups_names(vec![group_id(&group)]);
        assert_eq!(error(client.call(2, &request).results[0].error_code), None);
        let broker = restart(broker);
        assert_eq!(broker.connect().committed(&group, &topic).committed_offset, -1);
    });
}

/// A member goes on in its generation as if nothing had happened.
#[test]
fn a_stable_group_goes_on() {
    both_ways("a_stable_group_goes_on", |broker, restart| {
        let mut client = broker.connect();
        let topic = client.topic("goes-on", 1);
        let group = client.group("goes-on");
        let member = client.stable(&group);
        let broker = restart(broker);
        let mut client = broker.connect();
        assert_eq!(client.heartbeat(&member), None);
        let synced = client.sync(&member, &[]);
        assert_eq!((error(synced.error_code), &synced.assignment[..]), (None, &b"all of it"[..]));
        let commit = commit_request(&group, &topic, 3)
            .with_member_id(text(&member.id))
            .with_generation_id_or_member_epoch(member.generation);
        let answer = client.call(9, &commit);
        assert_eq!(error(answer.topics[0].partitions[0].error_code), None);
        let asked = DescribeGroupsRequest::default().with_groups(vec![group_id(&group)]);
        let described = client.call(5, &asked).groups.remove(0);
        assert_eq!((&*described.group_state, described.members.len()), ("Stable", 1));
    });
}

#[test]
fn a_static_member_keeps_its_place() {
    both_ways("a_static_member_keeps_its_place", |broker, restart| {
        let mut client = broker.connect();
        let group = client.group("static");
        let old = client.join_static(&group, "instance");
        client.sync(&old, &[(&old.id, "share")]);
        let broker = restart(broker);
        let mut client = broker.connect();
        let new = client.join_static(&group, "instance");
        assert_eq!(new.generation, old.generation);
        assert_eq!(client.heartbeat(&old), Some(E::FencedInstanceId));
        assert_eq!(&client.sync(&new, &[]).assignment[..], b"share");
    });
}

/// Each start is a new leadership: the epoch grows, and where the old one ended is known.
#[test]
fn a_restart_begins_a_new_leader_epoch() {
    both_ways("a_restart_begins_a_new_leader_epoch", |broker, restart| {
        let mut client = broker.connect();
        let topic = client.topic("epochs", 1);
        client.append(&topic, ["0", "1"]);
        let old = client.leader_epoch(&topic);
        let broker = restart(broker);
        let mut client = broker.connect();
        let new = client.leader_epoch(&topic);
        assert!(new > old, "{old}, then {new}");
        client.append(&topic, ["2"]);
        let stored = views(&client.fetch(&topic, 0).records.expect("records"));
        let epochs: Vec<i32> = stored.iter().map(|b| b.leader_epoch).collect();
        assert_eq!(epochs, [old, new]);
        let mut request = fetch_request(16, &topic, &[(0, 0)]);
        request.topics[0].partitions[0].current_leader_epoch = old;
        let answer = client.call(16, &request);
        let data = &answer.responses[0].partitions[0];
        assert_eq!(error(data.error_code), Some(E::FencedLeaderEpoch));
        // The fenced one is told who leads, and where that is (KIP-951).
        assert_eq!(data.current_leader.leader_epoch, new);
        assert_eq!(data.current_leader.leader_id, answer.node_endpoints[0].node_id);
        // One whose records of the old epoch go further than the log's is told where to cut.
        let mut request = fetch_request(12, &topic, &[(0, 3)]);
        request.topics[0].partitions[0].last_fetched_epoch = old;
        let data = client.call(12, &request).responses.remove(0).partitions.remove(0);
        assert_eq!((error(data.error_code), data.records.map_or(0, |r| r.len())), (None, 0));
        assert_eq!((data.diverging_epoch.epoch, data.diverging_epoch.end_offset), (old, 2));
        let asked = OffsetForLeaderPartition::default()
            .with_current_leader_epoch(new)
            .with_leader_epoch(old);
        let asked = OffsetForLeaderTopic::default()
            .with_topic(topic_name(&topic.name))
            .with_partitions(vec![asked]);
        let request = OffsetForLeaderEpochRequest::default().with_topics(vec![asked]);
        let answer = client.call(4, &request).topics.remove(0).partitions.remove(0);
        assert_eq!((answer.leader_epoch, answer.end_offset), (old, 2));
    });
}

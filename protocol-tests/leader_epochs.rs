//! Leader epochs (KIP-320): requests that know of another leader, and where an epoch ended.

use crate::harness::*;
use kafka_protocol::messages::{
    OffsetForLeaderEpochRequest,
    list_offsets_request::ListOffsetsPartition,
    offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic},
    offset_for_leader_epoch_response::EpochEndOffset,
};

fn end_of_epoch(
    client: &mut Client,
    version: i16,
    topic: &Topic,
    partition: OffsetForLeaderPartition,
) -> EpochEndOffset {
    let asked = OffsetForLeaderTopic::default()
        .with_topic(topic_name(&topic.name))
        .with_partitions(vec![partition]);
    // A consumer is no replica; -2 stands for one in a debugger.
    let request = OffsetForLeaderEpochRequest::default()
        .with_replica_id(if version < 3 { (-2).into() } else { (-1).into() })
        .with_topics(vec![asked]);
    client.call(version, &request).topics.remove(0).partitions.remove(0)
}

fn asking(epoch: i32) -> OffsetForLeaderPartition {
    OffsetForLeaderPartition::default().with_current_leader_epoch(-1).with_leader_epoch(epoch)
}

#[test]
fn a_fetch_with_another_epoch_is_fenced_or_unknown() {
    let mut client = connect();
    let topic = client.topic("epoch-fetch", 1);
    client.append(&topic, ["a"]);
    let epoch = client.leader_epoch(&topic);
    let code = |client: &mut Client, epoch| {
        let mut request = fetch_request(12, &topic, &[(0, 0)]);
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let answer = client.call(12, &request);
        error(answer.responses[0].partitions[0].error_code)
    };
    assert_eq!(code(&mut client, epoch), None);
    assert_eq!(code(&mut client, -1), None, "one that does not know is not checked");
    assert_eq!(code(&mut client, epoch + 1), Some(E::UnknownLeaderEpoch));
    if epoch > 0 {
        assert_eq!(code(&mut client, epoch - 1), Some(E::FencedLeaderEpoch));
    }
}

/// Who says from which epoch its last record is (KIP-595) is told when that cannot be.
#[test]
fn a_fetch_after_an_epoch_that_has_not_come_is_out_of_range() {
    let mut client = connect();
    let topic = client.topic("epoch-fetched", 1);
    client.append(&topic, ["a", "b"]);
    let epoch = client.leader_epoch(&topic);
    let mut read = |last_fetched| {
        let mut request = fetch_request(12, &topic, &[(0, 1)]);
        request.topics[0].partitions[0].last_fetched_epoch = last_fetched;
        let data = client.call(12, &request).responses.remove(0).partitions.remove(0);
        assert_eq!(data.diverging_epoch.epoch, -1);
        error(data.error_code)
    };
    assert_eq!(read(epoch), None);
    assert_eq!(read(-1), None);
    assert_eq!(read(epoch + 1), Some(E::OffsetOutOfRange));
}

#[test]
fn list_offsets_with_another_epoch_is_fenced_or_unknown() {
    let mut client = connect();
    let topic = client.topic("epoch-list", 1);
    let epoch = client.leader_epoch(&topic);
    let code = |client: &mut Client, epoch| {
        let asked =
            ListOffsetsPartition::default().with_timestamp(-1).with_current_leader_epoch(epoch);
        error(client.list_offsets(4, &topic, asked).error_code)
    };
    assert_eq!(code(&mut client, epoch), None);
    assert_eq!(code(&mut client, epoch + 5), Some(E::UnknownLeaderEpoch));
    if epoch > 0 {
        assert_eq!(code(&mut client, epoch - 1), Some(E::FencedLeaderEpoch));
    }
}

#[test]
fn the_running_epoch_ends_at_the_end_of_the_log() {
    let mut client = connect();
    let topic = client.topic("epoch-end", 1);
    client.append(&topic, ["a", "b", "c"]);
    let epoch = client.leader_epoch(&topic);
    for version in 2..=4 {
        let answer = end_of_epoch(&mut client, version, &topic, asking(epoch));
        assert_eq!(error(answer.error_code), None, "v{version}");
        assert_eq!((answer.leader_epoch, answer.end_offset), (epoch, 3), "v{version}");
    }
}

#[test]
fn an_epoch_that_has_not_come_has_no_end() {
    let mut client = connect();
    let topic = client.topic("epoch-future", 1);
    client.append(&topic, ["a"]);
    let epoch = client.leader_epoch(&topic);
    for future in [epoch + 1, epoch + 1000, i32::MAX] {
        let answer = end_of_epoch(&mut client, 4, &topic, asking(future));
        assert_eq!(error(answer.error_code), None);
        assert_eq!((answer.leader_epoch, answer.end_offset), (-1, -1), "epoch {future}");
    }
    let answer = end_of_epoch(&mut client, 4, &topic, asking(-1));
    assert_eq!((answer.leader_epoch, answer.end_offset), (-1, -1), "the epoch of nobody");
}

#[test]
fn an_empty_log_ends_where_it_starts() {
    let mut client = connect();
    let topic = client.topic("epoch-empty", 1);
    let epoch = client.leader_epoch(&topic);
    let answer = end_of_epoch(&mut client, 4, &topic, asking(epoch));
    assert_eq!((error(answer.error_code), answer.end_offset), (None, 0));
    assert_eq!(answer.leader_epoch, epoch);
}

#[test]
fn asking_with_another_epoch_is_fenced_or_unknown() {
    let mut client = connect();
    let topic = client.topic("epoch-ask", 1);
    let epoch = client.leader_epoch(&topic);
    let asked = asking(epoch).with_current_leader_epoch(epoch + 1);
    let answer = end_of_epoch(&mut client, 4, &topic, asked);
    assert_eq!(error(answer.error_code), Some(E::UnknownLeaderEpoch));
    assert_eq!((answer.leader_epoch, answer.end_offset), (-1, -1));
}

#[test]
fn the_epochs_of_an_unknown_partition_are_not_told() {
    let mut client = connect();
    let topic = client.topic("epoch-unknown", 1);
    let answer = end_of_epoch(&mut client, 4, &topic, asking(0).with_partition(9));
    assert_eq!(error(answer.error_code), Some(E::UnknownTopicOrPartition));
    let nowhere = Topic { name: unique("epoch-nowhere"), id: uuid::Uuid::nil() };
    let answer = end_of_epoch(&mut client, 4, &nowhere, asking(0));
    assert_eq!(error(answer.error_code), Some(E::UnknownTopicOrPartition));
}

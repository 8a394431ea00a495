//! DeleteRecords: the log's start moves up.

use crate::harness::*;
use kafka_protocol::messages::fetch_response::PartitionData;

fn first(data: &PartitionData) -> i64 {
    views(&data.records.clone().expect("records"))[0].base_offset
}

#[test]
fn every_version_moves_the_start_of_the_log() {
    let mut client = connect();
    let topic = client.topic("delete-records", 1);
    for _ in 0..10 {
        client.append(&topic, ["a", "b"]);
    }
    for version in 0..=2 {
        let before = i64::from(version) * 4 + 3;
        let answer = client.delete_records_of(version, &topic, 0, before);
        assert_eq!((error(answer.error_code), answer.low_watermark), (None, before));
        assert_eq!(client.list_offset(&topic, 0, -2).offset, before);
        let data = client.fetch(&topic, before);
        assert_eq!((error(data.error_code), data.log_start_offset), (None, before));
        // The batch that holds the first record is given whole.
        assert_eq!(first(&data), before - 1);
    }
}

#[test]
fn minus_one_deletes_all_there_is() {
    let mut client = connect();
    let topic = client.topic("delete-records-all", 1);
    client.append(&topic, ["a", "b", "c"]);
    let answer = client.delete_records_of(2, &topic, 0, -1);
    assert_eq!((error(answer.error_code), answer.low_watermark), (None, 3));
    assert_eq!(client.list_offset(&topic, 0, -2).offset, 3);
    assert_eq!(client.append(&topic, ["d"]), 3, "offsets are never given out twice");
}

#[test]
fn the_start_never_moves_back() {
    let mut client = connect();
    let topic = client.topic("delete-records-back", 1);
    client.append(&topic, ["a", "b", "c"]);
    client.delete_records(&topic, 2);
    let answer = client.delete_records_of(2, &topic, 0, 1);
    assert_eq!((error(answer.error_code), answer.low_watermark), (None, 2));
    assert_eq!(client.list_offset(&topic, 0, -2).offset, 2);
}

#[test]
fn an_offset_beyond_the_end_is_out_of_range() {
    let mut client = connect();
    let topic = client.topic("delete-records-range", 1);
    client.append(&topic, ["a", "b", "c"]);
    for before in [4, 1000, i64::MAX, -2, i64::MIN] {
        let answer = client.delete_records_of(2, &topic, 0, before);
        assert_eq!(error(answer.error_code), Some(E::OffsetOutOfRange), "before {before}");
        assert_eq!(answer.low_watermark, -1);
    }
    assert_eq!(client.list_offset(&topic, 0, -2).offset, 0);
}

#[test]
fn an_unknown_topic_or_partition_has_nothing_to_delete() {
    let mut client = connect();
    let topic = client.topic("delete-records-unknown", 1);
    let nowhere = Topic { name: unique("delete-records-nowhere"), ..topic.clone() };
    for (topic, partition) in [(&topic, 4), (&topic, -1), (&nowhere, 0)] {
        let answer = client.delete_records_of(2, topic, partition, 0);
        assert_eq!(error(answer.error_code), Some(E::UnknownTopicOrPartition));
        assert_eq!(answer.low_watermark, -1);
    }
}

#[test]
fn a_compacted_topic_keeps_its_records() {
    let mut client = connect();
    let topic = client.topic_with("delete-records-compact", 1, &[("cleanup.policy", "compact")]);
    client.append_batch(&topic, &Batch::from(vec![Record::keyed("k", "v")]));
    let answer = client.delete_records_of(2, &topic, 0, 1);
    assert_eq!(error(answer.error_code), Some(E::PolicyViolation));
    let settings = [("cleanup.policy", "compact,delete")];
    let topic = client.topic_with("delete-records-both", 1, &settings);
    client.append_batch(&topic, &Batch::from(vec![Record::keyed("k", "v")]));
    client.delete_records(&topic, 1);
}

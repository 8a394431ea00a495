//! Idempotent producers: ids, epochs, sequences; what InitProducerId and DescribeProducers say.

use crate::harness::{batch, *};
use kafka_protocol::messages::{
    DescribeProducersRequest, InitProducerIdRequest, ProducerId, TransactionalId,
    describe_producers_request::TopicRequest, describe_producers_response::PartitionResponse,
    produce_response::PartitionProduceResponse,
};

fn produce(
    client: &mut Client,
    topic: &Topic,
    producer: (i64, i16),
    sequence: i32,
) -> PartitionProduceResponse {
    let batch = Batch::of(["one", "two"]).idempotent(producer, sequence);
    client.produce(11, topic, 0, batch.bytes())
}

#[track_caller]
fn outcome(answer: &PartitionProduceResponse) -> Result<i64, E> {
    error(answer.error_code).map_or(Ok(answer.base_offset), Err)
}

fn start(base: &str) -> (Client, Topic, (i64, i16)) {
    let mut client = connect();
    let topic = client.topic(base, 1);
    let producer = client.producer_id();
    (client, topic, producer)
}

#[test]
fn sequences_in_order_are_appended() {
    let (mut client, topic, producer) = start("idempotent-order");
    for n in 0..10 {
        let answer = produce(&mut client, &topic, producer, n * 2);
        assert_eq!(outcome(&answer), Ok(i64::from(n) * 2));
    }
}

#[test]
fn a_repeated_batch_is_answered_with_its_first_offset_and_not_stored_again() {
    let (mut client, topic, producer) = start("idempotent-repeat");
    for n in 0..5 {
        produce(&mut client, &topic, producer, n * 2);
    }
    for n in (0..5).rev() {
        let answer = produce(&mut client, &topic, producer, n * 2);
        assert_eq!(outcome(&answer), Ok(i64::from(n) * 2), "sequence {}", n * 2);
        assert_eq!(answer.log_start_offset, 0);
    }
    assert_eq!(client.list_offset(&topic, 0, -1).offset, 10);
}

/// The last five batches are remembered. An older one is not known to be a repetition.
#[test]
fn the_sixth_last_batch_is_out_of_order() {
    let (mut client, topic, producer) = start("idempotent-sixth");
    for n in 0..6 {
        produce(&mut client, &topic, producer, n * 2);
    }
    let answer = produce(&mut client, &topic, producer, 0);
    assert_eq!(outcome(&answer), Err(E::OutOfOrderSequenceNumber));
    assert_eq!(outcome(&produce(&mut client, &topic, producer, 2)), Ok(2));
}

#[test]
fn a_gap_in_the_sequence_is_out_of_order() {
    let (mut client, topic, producer) = start("idempotent-gap");
    produce(&mut client, &topic, producer, 0);
    for sequence in [3, 1, 100, i32::MAX] {
        let answer = produce(&mut client, &topic, producer, sequence);
        assert_eq!(outcome(&answer), Err(E::OutOfOrderSequenceNumber), "sequence {sequence}");
        assert_eq!(answer.base_offset, -1);
    }
    assert_eq!(outcome(&produce(&mut client, &topic, producer, 2)), Ok(2));
}

#[test]
fn part_of_a_batch_is_no_repetition() {
    let (mut client, topic, producer) = start("idempotent-part");
    produce(&mut client, &topic, producer, 0);
    let part = Batch::of(["one"]).idempotent(producer, 0);
    let answer = client.produce(11, &topic, 0, part.bytes());
    assert_eq!(outcome(&answer), Err(E::OutOfOrderSequenceNumber));
}

/// The broker may have forgotten the producer, so it takes any sequence of one it does not know.
#[test]
fn the_first_sequence_may_be_any() {
    let (mut client, topic, producer) = start("idempotent-first");
    assert_eq!(outcome(&produce(&mut client, &topic, producer, 40)), Ok(0));
    assert_eq!(outcome(&produce(&mut client, &topic, producer, 42)), Ok(2));
}

#[test]
fn the_sequence_wraps_around() {
    let (mut client, topic, producer) = start("idempotent-wrap");
    assert_eq!(outcome(&produce(&mut client, &topic, producer, i32::MAX - 1)), Ok(0));
    assert_eq!(outcome(&produce(&mut client, &topic, producer, 0)), Ok(2));
    assert_eq!(outcome(&produce(&mut client, &topic, producer, i32::MAX - 1)), Ok(0));
    let (mut client, topic, producer) = start("idempotent-wrap-within");
    assert_eq!(outcome(&produce(&mut client, &topic, producer, i32::MAX)), Ok(0));
    assert_eq!(outcome(&produce(&mut client, &topic, producer, 1)), Ok(2));
}

#[test]
fn a_new_epoch_starts_at_sequence_zero_and_fences_the_old_one() {
    let (mut client, topic, (id, epoch)) = start("idempotent-epoch");
    produce(&mut client, &topic, (id, epoch), 0);
    let answer = produce(&mut client, &topic, (id, epoch + 1), 2);
    assert_eq!(outcome(&answer), Err(E::OutOfOrderSequenceNumber));
    assert_eq!(outcome(&produce(&mut client, &topic, (id, epoch + 1), 0)), Ok(2));
    let answer = produce(&mut client, &topic, (id, epoch), 2);
    assert_eq!(outcome(&answer), Err(E::InvalidProducerEpoch));
    assert_eq!(outcome(&produce(&mut client, &topic, (id, epoch + 1), 2)), Ok(4));
}

#[test]
fn sequences_are_counted_per_partition() {
    let mut client = connect();
    let topic = client.topic("idempotent-partitions", 2);
    let producer = client.producer_id();
    for partition in 0..2 {
        let batch = Batch::of(["x"]).idempotent(producer, 0);
        let answer = client.produce(11, &topic, partition, batch.bytes());
        assert_eq!(outcome(&answer), Ok(0));
    }
}

#[test]
fn a_refused_batch_does_not_move_the_sequence() {
    let (mut client, topic, producer) = start("idempotent-refused");
    produce(&mut client, &topic, producer, 0);
    let broken = Batch::of(["x", "y"]).idempotent(producer, 2).with(|b| b.count = Some(3));
    let answer = client.produce(11, &topic, 0, broken.bytes());
    assert_eq!(outcome(&answer), Err(E::InvalidRecord));
    assert_eq!(outcome(&produce(&mut client, &topic, producer, 2)), Ok(2));
}

#[test]
fn every_version_gives_out_an_id_of_its_own() {
    let mut client = connect();
    client.producer_id();
    let mut ids = Vec::new();
    for version in 0..=5 {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(60_000);
        let answer = client.call(version, &request);
        assert_eq!((error(answer.error_code), answer.producer_epoch), (None, 0), "v{version}");
        ids.push(answer.producer_id.0);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

/// Without a transactional id there is nothing to bump: the id and epoch given do not count.
#[test]
fn an_id_that_is_given_is_not_given_back() {
    let mut client = connect();
    let (id, _) = client.producer_id();
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(60_000)
        .with_producer_id(ProducerId(id))
        .with_producer_epoch(5);
    let answer = client.call(4, &request);
    assert_eq!((error(answer.error_code), answer.producer_epoch), (None, 0));
    assert_ne!(answer.producer_id.0, id);
}

/// Either both are given or neither.
#[test]
fn an_id_without_an_epoch_is_an_invalid_request() {
    let mut client = connect();
    client.producer_id();
    for (id, epoch) in [(7, -1), (-1, 7)] {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(60_000)
            .with_producer_id(ProducerId(id))
            .with_producer_epoch(epoch);
        let answer = client.call(4, &request);
        assert_eq!(error(answer.error_code), Some(E::InvalidRequest), "{id} {epoch}");
    }
}

#[test]
fn an_empty_transactional_id_is_an_invalid_request() {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(Some(TransactionalId(text(""))))
        .with_transaction_timeout_ms(60_000);
    assert_eq!(error(connect().call(4, &request).error_code), Some(E::InvalidRequest));
}

fn describe(client: &mut Client, topic: &str, partition: i32) -> PartitionResponse {
    let asked = TopicRequest::default()
        .with_name(topic_name(topic))
        .with_partition_indexes(vec![partition]);
    let request = DescribeProducersRequest::default().with_topics(vec![asked]);
    client.call(0, &request).topics.remove(0).partitions.remove(0)
}

#[test]
fn the_producers_of_a_partition_are_described() {
    let (mut client, topic, producer) = start("idempotent-described");
    assert_eq!(describe(&mut client, &topic.name, 0).active_producers, []);
    produce(&mut client, &topic, producer, 0);
    produce(&mut client, &topic, producer, 2);
    let described = describe(&mut client, &topic.name, 0);
    assert_eq!(error(described.error_code), None);
    let found = &described.active_producers[..];
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].producer_id.0, found[0].producer_epoch), (producer.0, 0));
    assert_eq!((found[0].last_sequence, found[0].last_timestamp), (3, batch::TIME));
    assert_eq!((found[0].coordinator_epoch, found[0].current_txn_start_offset), (-1, -1));
}

#[test]
fn the_producers_of_an_unknown_partition_are_not_described() {
    let mut client = connect();
    let topic = client.topic("idempotent-undescribed", 1);
    for (name, partition) in [(topic.name.as_str(), 5), ("no-such-topic", 0), (&topic.name, -1)] {
        let described = describe(&mut client, name, partition);
        assert_eq!(error(described.error_code), Some(E::UnknownTopicOrPartition), "{name}");
    }
    let described = describe(&mut client, "no/such/name", 0);
    assert_eq!(error(described.error_code), Some(E::InvalidTopicException));
}

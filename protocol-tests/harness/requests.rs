//! Everyday requests in one line each, so that a test shows only what matters.

use super::{batch::Batch, client::Client};
use bytes::Bytes;
use kafka_protocol::{
    ResponseError,
    messages::{
        CreateTopicsRequest, DeleteRecordsRequest, DeleteTopicsRequest,
        DescribeTopicPartitionsRequest, FetchRequest, InitProducerIdRequest, ListOffsetsRequest,
        MetadataRequest, MetadataResponse, ProduceRequest, ProducerId, TopicName,
        create_topics_request::{CreatableTopic, CreatableTopicConfig},
        create_topics_response::CreatableTopicResult,
        delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic},
        delete_records_response::DeleteRecordsPartitionResult,
        delete_topics_request::DeleteTopicState,
        describe_topic_partitions_request::TopicRequest,
        fetch_request::{FetchPartition, FetchTopic},
        fetch_response::PartitionData,
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        list_offsets_response::ListOffsetsPartitionResponse,
        metadata_request::MetadataRequestTopic,
        produce_request::{PartitionProduceData, TopicProduceData},
        produce_response::PartitionProduceResponse,
    },
    protocol::StrBytes,
};
use uuid::Uuid;

/// A topic that exists.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
}

/// The error that a code stands for; None for zero.
pub(crate) fn error(code: i16) -> Option<ResponseError> {
    ResponseError::try_from_code(code)
}

/// This name with something behind it that no other test and no other run uses.
pub(crate) fn unique(base: &str) -> String {
    format!("{base}-{}", &Uuid::new_v4().simple().to_string()[..12])
}

pub(crate) fn text(of: &str) -> StrBytes {
    StrBytes::from_string(of.to_owned())
}

pub(crate) fn topic_name(of: &str) -> TopicName {
    TopicName(text(of))
}

/// Repeats a question until the answer satisfies. Each round is a round trip to the broker;
/// the number of rounds is generous and only there to end a hopeless test.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    (0..20_000).find_map(|_| ask()).unwrap_or_else(|| panic!("it never happened: {what}"))
}

/// A topic to create with so many partitions.
pub(crate) fn creatable(name: &str, partitions: i32) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
}

/// A setting of a topic to create.
pub(crate) fn setting(name: &str, value: &str) -> CreatableTopicConfig {
    CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))
}

/// A produce request for one partition.
pub(crate) fn produce_request(
    version: i16,
    acks: i16,
    topic: &Topic,
    partition: i32,
    records: Option<Bytes>,
) -> ProduceRequest {
    let data = PartitionProduceData::default().with_index(partition).with_records(records);
    let mut topic_data = TopicProduceData::default().with_partition_data(vec![data]);
    match version {
        13.. => topic_data.topic_id = topic.id,
        _ => topic_data.name = topic_name(&topic.name),
    }
    ProduceRequest::default()
        .with_acks(acks)
        .with_timeout_ms(30_000)
        .with_topic_data(vec![topic_data])
}

/// A topic of a fetch request, with its partitions and the offsets wanted.
pub(crate) fn fetch_topic(version: i16, topic: &Topic, partitions: &[(i32, i64)]) -> FetchTopic {
    let partitions = partitions.iter().map(|&(partition, offset)| {
        FetchPartition::default()
            .with_partition(partition)
            .with_fetch_offset(offset)
            .with_partition_max_bytes(1 << 20)
    });
    let fetched = FetchTopic::default().with_partitions(partitions.collect());
    match version {
        13.. => fetched.with_topic_id(topic.id),
        _ => fetched.with_topic(topic_name(&topic.name)),
    }
}

/// A fetch that does not wait for data and belongs to no session.
pub(crate) fn fetch_request(
    version: i16,
    topic: &Topic,
    partitions: &[(i32, i64)],
) -> FetchRequest {
    FetchRequest::default()
        .with_max_wait_ms(0)
        .with_min_bytes(0)
        .with_max_bytes(50 << 20)
        .with_topics(vec![fetch_topic(version, topic, partitions)])
}

impl Client {
    /// Creates a topic and waits until it can be used.
    pub(crate) fn topic(&mut self, base: &str, partitions: i32) -> Topic {
        self.topic_with(base, partitions, &[])
    }

    pub(crate) fn topic_with(
        &mut self,
        base: &str,
        partitions: i32,
        settings: &[(&str, &str)],
    ) -> Topic {
        let name = unique(base);
        let settings = settings.iter().map(|(name, value)| setting(name, value)).collect();
        let result = self.create(creatable(&name, partitions).with_configs(settings));
        assert_eq!(error(result.error_code), None, "{:?}", result.error_message);
        let topic = Topic { name, id: result.topic_id };
        self.await_topic(&topic, partitions);
        topic
    }

    pub(crate) fn create(&mut self, topic: CreatableTopic) -> CreatableTopicResult {
        let request =
            CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(30_000);
        self.call(7, &request).topics.remove(0)
    }

    /// Waits until all partitions are led. In Kafka a topic's creation is answered before the
    /// brokers have heard of it.
    pub(crate) fn await_topic(&mut self, topic: &Topic, partitions: i32) {
        eventually("the topic's partitions are led", || {
            (0..partitions).all(|p| self.list_offset(topic, p, -1).error_code == 0).then_some(())
        });
    }

    pub(crate) fn produce(
        &mut self,
        version: i16,
        topic: &Topic,
        partition: i32,
        records: Bytes,
    ) -> PartitionProduceResponse {
        let request = produce_request(version, -1, topic, partition, Some(records));
        self.call(version, &request).responses.remove(0).partition_responses.remove(0)
    }

    /// Appends a batch of these values to partition 0 and returns its base offset.
    #[track_caller]
    pub(crate) fn append<V: AsRef<[u8]>>(
        &mut self,
        topic: &Topic,
        values: impl IntoIterator<Item = V>,
    ) -> i64 {
        self.append_batch(topic, &Batch::of(values))
    }

    #[track_caller]
    pub(crate) fn append_batch(&mut self, topic: &Topic, batch: &Batch) -> i64 {
        let answer = self.produce(11, topic, 0, batch.bytes());
        assert_eq!(error(answer.error_code), None, "{answer:?}");
        answer.base_offset
    }

    /// What partition 0 answers to a fetch at this offset that does not wait.
    pub(crate) fn fetch(&mut self, topic: &Topic, offset: i64) -> PartitionData {
        self.fetch_version(12, topic, offset)
    }

    pub(crate) fn fetch_version(
        &mut self,
        version: i16,
        topic: &Topic,
        offset: i64,
    ) -> PartitionData {
        let request = fetch_request(version, topic, &[(0, offset)]);
        let answer = self.call(version, &request);
        assert_eq!(error(answer.error_code), None);
        answer.responses.into_iter().next().expect("the topic").partitions.remove(0)
    }

    /// The offset for a timestamp (-1 the latest, -2 the earliest).
    pub(crate) fn list_offset(
        &mut self,
        topic: &Topic,
        partition: i32,
        timestamp: i64,
    ) -> ListOffsetsPartitionResponse {
        let asked = ListOffsetsPartition::default()
            .with_partition_index(partition)
            .with_timestamp(timestamp);
        self.list_offsets(9, topic, asked)
    }

    pub(crate) fn list_offsets(
        &mut self,
        version: i16,
        topic: &Topic,
        asked: ListOffsetsPartition,
    ) -> ListOffsetsPartitionResponse {
        let topic = ListOffsetsTopic::default()
            .with_name(topic_name(&topic.name))
            .with_partitions(vec![asked]);
        let request =
            ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic]);
        self.call(version, &request).topics.remove(0).partitions.remove(0)
    }

    #[track_caller]
    pub(crate) fn delete_topic(&mut self, topic: &Topic) {
        let which = DeleteTopicState::default().with_name(None).with_topic_id(topic.id);
        let request =
            DeleteTopicsRequest::default().with_topics(vec![which]).with_timeout_ms(30_000);
        assert_eq!(error(self.call(6, &request).responses[0].error_code), None);
    }

    /// Deletes the records of partition 0 before this offset.
    #[track_caller]
    pub(crate) fn delete_records(&mut self, topic: &Topic, before: i64) {
        let answer = self.delete_records_of(2, topic, 0, before);
        assert_eq!((error(answer.error_code), answer.low_watermark), (None, before));
    }

    pub(crate) fn delete_records_of(
        &mut self,
        version: i16,
        topic: &Topic,
        partition: i32,
        before: i64,
    ) -> DeleteRecordsPartitionResult {
        let partition =
            DeleteRecordsPartition::default().with_partition_index(partition).with_offset(before);
        let asked = DeleteRecordsTopic::default()
            .with_name(topic_name(&topic.name))
            .with_partitions(vec![partition]);
        let request =
            DeleteRecordsRequest::default().with_topics(vec![asked]).with_timeout_ms(30_000);
        self.call(version, &request).topics.remove(0).partitions.remove(0)
    }

    /// Metadata of these topics without creating them.
    pub(crate) fn metadata(&mut self, version: i16, names: &[&str]) -> MetadataResponse {
        let topics = names
            .iter()
            .map(|name| MetadataRequestTopic::default().with_name(Some(topic_name(name))));
        let request = MetadataRequest::default()
            .with_topics(Some(topics.collect()))
            .with_allow_auto_topic_creation(version < 4);
        self.call(version, &request)
    }

    /// The broker's node id.
    pub(crate) fn node(&mut self) -> i32 {
        self.metadata(12, &[]).brokers[0].node_id.0
    }

    /// The leader epoch of partition 0.
    pub(crate) fn leader_epoch(&mut self, topic: &Topic) -> i32 {
        let asked = TopicRequest::default().with_name(topic_name(&topic.name));
        let request = DescribeTopicPartitionsRequest::default()
            .with_topics(vec![asked])
            .with_response_partition_limit(2000);
        self.call(0, &request).topics[0].partitions[0].leader_epoch
    }

    /// A new producer id with its epoch.
    pub(crate) fn producer_id(&mut self) -> (i64, i16) {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(60_000)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        // Kafka answers COORDINATOR_LOAD_IN_PROGRESS until its first block of ids has arrived.
        let answer = eventually("a producer id", || {
            Some(self.call(4, &request)).filter(|answer| answer.error_code == 0)
        });
        (answer.producer_id.0, answer.producer_epoch)
    }
}

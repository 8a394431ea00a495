//! DescribeLogDirs: how much each partition takes (KIP-113, KIP-827).
//!
//! v2 flexible; v3 a top-level error; v4 the volume's size. There is one data folder.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use kafka_protocol::messages::{
    ApiKey, DescribeLogDirsRequest, DescribeLogDirsResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use crate::auth::{Operation, Resource};
use crate::broker::Broker;
use crate::catalog::Topic;
use crate::store::StoreError;

use super::{Call, Handler, Outcome, errors};

pub(super) struct DescribeLogDirs;

impl Handler for DescribeLogDirs {
    const KEY: ApiKey = ApiKey::DescribeLogDirs;
    const VERSIONS: RangeInclusive<i16> = 1..=4;
    type Request = DescribeLogDirsRequest;
    type Response = DescribeLogDirsResponse;

    async fn handle(
        call: Call,
        request: DescribeLogDirsRequest,
    ) -> Outcome<DescribeLogDirsResponse> {
        if call.caller.permit(Operation::Describe, Resource::Cluster).is_err() {
            let error = errors::denied(&Resource::Cluster);
            return Outcome::Now(DescribeLogDirsResponse::default().with_error_code(error.code()));
        }
        Outcome::Later(Box::pin(async move {
            let result = DescribeLogDirsResult::default()
                .with_log_dir(StrBytes::from_string(call.broker.data_dir()));
            let result = match describe(&call.broker, request.topics).await {
                Ok(topics) => result.with_topics(topics),
                Err(error) => result.with_error_code(errors::store(&error).code()),
            };
            let (total, usable) = call.broker.core().engine.volume().map_or((-1, -1), signed);
            let result = if call.version >= 4 {
                result.with_total_bytes(total).with_usable_bytes(usable)
            } else {
                result
            };
            DescribeLogDirsResponse::default().with_results(vec![result])
        }))
    }
}

fn signed((total, usable): (u64, u64)) -> (i64, i64) {
    let signed = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
    (signed(total), signed(usable))
}

async fn describe(
    broker: &Broker,
    asked: Option<Vec<DescribableLogDirTopic>>,
) -> Result<Vec<DescribeLogDirsTopic>, StoreError> {
    let wanted: Vec<(Arc<Topic>, Vec<i32>)> = match asked {
        None => {
            let all = |topic: Arc<Topic>| {
                let partitions = (0..).take(topic.partitions.len()).collect();
                (topic, partitions)
            };
            broker.catalog().topics().into_iter().map(all).collect()
        }
        Some(asked) => asked
            .into_iter()
            .filter_map(|asked| {
                let topic = broker.catalog().topic(asked.topic.as_str())?;
                let distinct: BTreeSet<i32> = asked.partitions.into_iter().collect();
                Some((topic, distinct.into_iter().collect()))
            })
            .collect(),
    };
    let mut topics = Vec::with_capacity(wanted.len());
    for (topic, partitions) in wanted {
        let partitions = sizes(broker, &topic, partitions).await?;
        if !partitions.is_empty() {
            let name = TopicName(StrBytes::from_string(topic.name.to_string()));
            topics
                .push(DescribeLogDirsTopic::default().with_name(name).with_partitions(partitions));
        }
    }
    Ok(topics)
}

async fn sizes(
    broker: &Broker,
    topic: &Topic,
    partitions: Vec<i32>,
) -> Result<Vec<DescribeLogDirsPartition>, StoreError> {
    let mut sizes = Vec::with_capacity(partitions.len());
    for index in partitions {
        // A partition that does not exist is in no folder.
        let Some(cell) = broker.partitions().cell(topic, index).await? else { continue };
        let size = broker.core().engine.size(cell.log(), cell.bounds().log_start).await?;
        sizes.push(
            DescribeLogDirsPartition::default()
                .with_partition_index(index)
                .with_partition_size(i64::try_from(size).unwrap_or(i64::MAX)),
        );
    }
    Ok(sizes)
}

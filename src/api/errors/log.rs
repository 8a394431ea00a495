//! What logs refuse, in Kafka's codes.

use kafka_protocol::ResponseError;

use crate::broker::fetch::ReadFault;
use crate::broker::partitions::AppendFault;
use crate::broker::sessions::SessionError;
use crate::log::AppendError;
use crate::wire::batch::{BatchError, RecordFaultKind};

use super::store;

/// A refused part of a produce request.
#[derive(Debug)]
pub(crate) struct Rejection {
    /// The code.
    pub(crate) error: ResponseError,
    /// Why.
    pub(crate) message: Option<String>,
    /// Which records, and why (KIP-467).
    pub(crate) records: Vec<(i32, String)>,
}

impl From<ResponseError> for Rejection {
    fn from(error: ResponseError) -> Self {
        Self { error, message: None, records: Vec::new() }
    }
}

/// Why records were not appended.
pub(crate) fn append(fault: &AppendFault) -> Rejection {
    match fault {
        AppendFault::UnknownPartition => ResponseError::UnknownTopicOrPartition.into(),
        AppendFault::Store(error) => store(error).into(),
        AppendFault::Producer(refusal) => {
            Rejection { message: Some(refusal.to_string()), ..Rejection::from(producer(refusal)) }
        }
        AppendFault::Batch(fault) => Rejection {
            error: batch(fault),
            message: Some(fault.to_string()),
            records: fault
                .record_faults()
                .iter()
                .map(|fault| (fault.index, fault.kind.to_string()))
                .collect(),
        },
    }
}

fn producer(refusal: &AppendError) -> ResponseError {
    match refusal {
        AppendError::InvalidProducerEpoch { .. } => ResponseError::InvalidProducerEpoch,
        AppendError::OutOfOrderSequence { .. } => ResponseError::OutOfOrderSequenceNumber,
        AppendError::NoTransaction => ResponseError::InvalidTxnState,
        AppendError::OffsetsExhausted => ResponseError::UnknownServerError,
    }
}

fn batch(fault: &BatchError) -> ResponseError {
    match fault {
        BatchError::Empty
        | BatchError::OldMagic { .. }
        | BatchError::SecondBatch
        | BatchError::BaseOffset { .. }
        | BatchError::OffsetRange { .. }
        | BatchError::RecordCount { .. }
        | BatchError::CountMismatch { .. }
        | BatchError::Control
        | BatchError::Sequence { .. }
        | BatchError::Record { .. }
        | BatchError::BytesRemain { .. }
        | BatchError::OffsetDelta { .. } => ResponseError::InvalidRecord,
        BatchError::Length { .. }
        | BatchError::UnknownMagic { .. }
        | BatchError::TruncatedHeader { .. }
        | BatchError::Checksum { .. } => ResponseError::CorruptMessage,
        BatchError::ZstdTooEarly => ResponseError::UnsupportedCompressionType,
        BatchError::TooLarge { .. } | BatchError::UnfoldsTooLarge { .. } => {
            ResponseError::MessageTooLarge
        }
        BatchError::UnknownCodec { .. } | BatchError::Undecodable { .. } => {
            ResponseError::UnknownServerError
        }
        BatchError::Records { faults } => {
            if faults.iter().any(|fault| is_time(fault.kind)) {
                ResponseError::InvalidTimestamp
            } else {
                ResponseError::InvalidRecord
            }
        }
    }
}

fn is_time(kind: RecordFaultKind) -> bool {
    match kind {
        RecordFaultKind::NoKey => false,
        RecordFaultKind::Timestamp { .. } | RecordFaultKind::AppendTime => true,
    }
}

/// Why a partition cannot be read.
pub(crate) fn read(fault: &ReadFault) -> ResponseError {
    match fault {
        ReadFault::UnknownPartition => ResponseError::UnknownTopicOrPartition,
        ReadFault::OutOfRange(_) => ResponseError::OffsetOutOfRange,
        ReadFault::FencedEpoch => ResponseError::FencedLeaderEpoch,
        ReadFault::UnknownEpoch => ResponseError::UnknownLeaderEpoch,
        ReadFault::Store(error) => store(error),
    }
}

/// Why a fetch session cannot go on.
pub(crate) fn session(error: SessionError) -> ResponseError {
    match error {
        SessionError::NotFound => ResponseError::FetchSessionIdNotFound,
        SessionError::InvalidEpoch => ResponseError::InvalidFetchSessionEpoch,
        SessionError::TopicIdMix => ResponseError::FetchSessionTopicIdError,
    }
}

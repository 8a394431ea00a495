//! InitProducerId: an id for an idempotent producer (KIP-98).
//!
//! v2 flexible; v3 the producer may name the id it had (KIP-360): without a transactional id it
//! gets a new one, as from Apache Kafka.

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, InitProducerIdRequest, InitProducerIdResponse, ProducerId};

use crate::auth::{Operation, Resource};

use super::{Call, Handler, Outcome, errors};

pub(super) struct InitProducerId;

impl Handler for InitProducerId {
    const KEY: ApiKey = ApiKey::InitProducerId;
    const VERSIONS: RangeInclusive<i16> = 0..=5;
    const NOTE: &'static str = "Transactional ids are refused with INVALID_REQUEST.";
    type Request = InitProducerIdRequest;
    type Response = InitProducerIdResponse;

    async fn handle(call: Call, request: InitProducerIdRequest) -> Outcome<InitProducerIdResponse> {
        let response = InitProducerIdResponse::default();
        Outcome::Now(match allocate(&call, &request).await {
            Ok(id) => response.with_producer_id(ProducerId(id)).with_producer_epoch(0),
            Err(error) => response
                .with_error_code(error.code())
                .with_producer_id(ProducerId(-1))
                .with_producer_epoch(-1),
        })
    }
}

async fn allocate(call: &Call, request: &InitProducerIdRequest) -> Result<i64, ResponseError> {
    if request.transactional_id.is_some() {
        // There are no transactions yet; a retriable code would keep the client asking for ever.
        return Err(ResponseError::InvalidRequest);
    }
    let named = (request.producer_id.0 >= 0, request.producer_epoch >= 0);
    if named.0 != named.1 {
        return Err(ResponseError::InvalidRequest);
    }
    call.caller
        .permit(Operation::IdempotentWrite, Resource::Cluster)
        .map_err(|_| errors::denied(&Resource::Cluster))?;
    call.broker.producer_ids().allocate().await.map_err(|error| errors::store(&error))
}

//! The list of APIs: one line each. Nothing else has to be edited to serve one more.

use std::ops::RangeInclusive;

use bytes::Bytes;
use futures::future::BoxFuture;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::HeaderVersion;

use super::api_versions;
use super::dispatch::{self, Dispatched};
use super::{Call, Handler};

/// Every API that is served, by key.
pub(crate) static APIS: &[Api] = &[
    Api::of::<api_versions::ApiVersions>(), // 18
];

/// What the table keeps of a handler.
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    pub(crate) served: RangeInclusive<i16>,
    pub(crate) advertised: RangeInclusive<i16>,
    pub(crate) note: &'static str,
    /// Which header a request of this version has (1 or 2).
    pub(crate) request_header: fn(i16) -> i16,
    pub(super) serve: fn(Call, Bytes) -> BoxFuture<'static, Dispatched>,
}

impl Api {
    const fn of<H: Handler>() -> Self {
        Self {
            key: H::KEY,
            served: H::VERSIONS,
            advertised: H::ADVERTISED,
            note: H::NOTE,
            request_header: <H::Request as HeaderVersion>::header_version,
            serve: dispatch::serve::<H>,
        }
    }

    /// Kafka's name for it.
    pub(crate) fn name(&self) -> String {
        format!("{:?}", self.key)
    }
}

/// Finds an API's line by the key on the wire.
pub(crate) fn find(key: i16) -> Option<(usize, &'static Api)> {
    APIS.iter().enumerate().find(|(_, api)| api.key as i16 == key)
}

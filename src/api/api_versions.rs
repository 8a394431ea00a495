//! ApiVersions (18): what this broker can do. The first request of nearly every client.
//!
//! v3 (KIP-511): the client's name and version, checked. v3 (KIP-584): features. v4 (KAFKA-17011):
//! features whose minimum is 0; below v4 they are left out, since older clients fail on them
//! (KAFKA-17492). An unknown version is answered in the layout of v0 with UNSUPPORTED_VERSION, and
//! the response header is v0 in every version, because the client does not know yet what to expect.

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::{
    ApiVersion, FinalizedFeatureKey, SupportedFeatureKey,
};
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::protocol::StrBytes;

use super::table::{APIS, Api};
use super::{Call, Handler, Outcome};

pub(crate) struct ApiVersions;

impl Handler for ApiVersions {
    const KEY: ApiKey = ApiKey::ApiVersions;
    const VERSIONS: RangeInclusive<i16> = 0..=4;
    const NOTE: &'static str = "Features tell what is real here: group.version, \
        transaction.version, share.version and streams.version are not among them yet.";
    type Request = ApiVersionsRequest;
    type Response = ApiVersionsResponse;

    async fn handle(call: Call, request: ApiVersionsRequest) -> Outcome<ApiVersionsResponse> {
        let named =
            is_name(&request.client_software_name) && is_name(&request.client_software_version);
        if call.version >= 3 && !named {
            let refused = ResponseError::InvalidRequest.code();
            return Outcome::Now(ApiVersionsResponse::default().with_error_code(refused));
        }
        Outcome::Now(describe(call.version, i64::from(call.broker.leader_epoch())))
    }
}

/// The answer to a version that this broker does not know: which versions it does (KIP-511).
pub(super) fn unsupported_version() -> ApiVersionsResponse {
    let own = APIS.iter().filter(|api| api.key == ApiKey::ApiVersions).map(line).collect();
    ApiVersionsResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_api_keys(own)
}

fn describe(version: i16, epoch: i64) -> ApiVersionsResponse {
    let response = ApiVersionsResponse::default().with_api_keys(APIS.iter().map(line).collect());
    if version < 3 {
        return response;
    }
    let shown = FEATURES.iter().filter(|feature| version >= 4 || feature.min > 0);
    let finalized = FEATURES.iter().filter(|feature| feature.finalized > 0);
    response
        .with_supported_features(shown.map(Feature::supported).collect())
        // Clients take newer features from a larger epoch only; a release that has more of them
        // starts with a new leader epoch.
        .with_finalized_features_epoch(epoch.max(0))
        .with_finalized_features(finalized.map(Feature::finalized).collect())
}

fn line(api: &Api) -> ApiVersion {
    ApiVersion::default()
        .with_api_key(api.key as i16)
        .with_min_version(*api.advertised.start())
        .with_max_version(*api.advertised.end())
}

/// Letters, digits, dots and dashes, the ends being letters or digits (KIP-511).
fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte))
}

/// A feature in the sense of KIP-584.
struct Feature {
    name: &'static str,
    min: i16,
    max: i16,
    /// The level in force; 0 is not told.
    finalized: i16,
}

/// What is honest to tell. Clients change their behaviour by what is finalized: the transactional
/// protocol of KIP-890 from transaction.version 2 on, the group protocol of KIP-848 from
/// group.version 1 on; so neither is here before it is served.
const FEATURES: &[Feature] = &[
    // The quorum is one node and stays so: level 1 would promise AddRaftVoter.
    Feature { name: "kraft.version", min: 0, max: 0, finalized: 0 },
    // 7 is 3.3-IV3, the oldest that Kafka 4 knows; 30 is 4.3-IV0.
    Feature { name: "metadata.version", min: 7, max: 30, finalized: 30 },
];

impl Feature {
    fn supported(&self) -> SupportedFeatureKey {
        SupportedFeatureKey::default()
            .with_name(StrBytes::from_static_str(self.name))
            .with_min_version(self.min)
            .with_max_version(self.max)
    }

    fn finalized(&self) -> FinalizedFeatureKey {
        FinalizedFeatureKey::default()
            .with_name(StrBytes::from_static_str(self.name))
            .with_min_version_level(self.finalized)
            .with_max_version_level(self.finalized)
    }
}

#[cfg(test)]
mod tests;

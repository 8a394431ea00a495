//! From a frame to a handler, and from its outcome to bytes.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::StrBytes;

use super::meter::Meters;
use super::reply::{self, Reply};
use super::table::{self, Api};
use super::{Call, Handler, Outcome, api_versions, guard};
use crate::auth::Caller;
use crate::broker::Broker;
use crate::wire::header::{HeaderError, RequestHeader};

/// Why a connection is closed. Apache Kafka closes it in the same cases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The first bytes are not a request header.
    #[error("undecodable request header: {0}")]
    Header(#[from] HeaderError),
    /// No such API, or none that this broker serves.
    #[error("API key {0} is not served here")]
    UnknownApi(i16),
    /// The API is served, this version is not.
    #[error("{api} version {version} is not served here")]
    UnknownVersion {
        /// Name of the API.
        api: String,
        /// The version asked for.
        version: i16,
    },
    /// The body does not follow the API's schema.
    #[error("undecodable {api} request, version {version}: {reason}")]
    Body {
        /// Name of the API.
        api: String,
        /// The version it claims.
        version: i16,
        /// What the decoder says.
        reason: String,
    },
    /// A response could not be written: a mistake of ours.
    #[error("unencodable {api} response, version {version}: {reason}")]
    Response {
        /// Name of the API.
        api: String,
        /// The version asked for.
        version: i16,
        /// What the encoder says.
        reason: String,
    },
    /// The handler wants the connection closed: Kafka has no other answer in this case.
    #[error("{api} refused without an answer")]
    Refused {
        /// Name of the API.
        api: String,
    },
    /// A handler panicked: a mistake of ours, which costs this connection and nothing else.
    #[error("{api} panicked: {reason}")]
    Panicked {
        /// Name of the API.
        api: String,
        /// The panic's message.
        reason: String,
    },
}

/// What becomes of a request.
pub enum Dispatched {
    /// The answer.
    Reply(Reply),
    /// The answer is on its way.
    Later(BoxFuture<'static, Result<Reply, Fault>>),
    /// There will be none.
    Silent,
    /// The connection ends; replies to earlier requests still leave.
    Close(Fault),
}

/// Finds the handler of each request. One serves all connections.
pub struct Dispatcher {
    broker: Arc<Broker>,
    meters: Arc<Meters>,
}

impl Dispatcher {
    /// A dispatcher in front of `broker`. With metrics on, a recorder must be installed before.
    pub fn new(broker: Arc<Broker>, metrics_on: bool) -> Self {
        Self { broker, meters: Arc::new(Meters::new(table::APIS, metrics_on)) }
    }

    /// The broker behind it.
    pub fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }

    /// Starts work on one request (without its length). To be awaited in request order.
    pub async fn dispatch(&self, caller: &Arc<Caller>, frame: Bytes) -> Dispatched {
        let mut body = frame;
        let header = match RequestHeader::read(&mut body, request_header_version) {
            Ok(header) => header,
            Err(HeaderError::UnknownApi(key)) => return Dispatched::Close(Fault::UnknownApi(key)),
            Err(error) => return Dispatched::Close(Fault::Header(error)),
        };
        let Some((index, api)) = table::find(header.api_key) else {
            return Dispatched::Close(Fault::UnknownApi(header.api_key));
        };
        if !api.served.contains(&header.api_version) {
            return refuse_version(api, &header);
        }
        let call = Call {
            broker: self.broker.clone(),
            caller: caller.clone(),
            version: header.api_version,
            correlation_id: header.correlation_id,
            client_id: header.client_id.and_then(|text| StrBytes::from_utf8(text).ok()),
        };
        let started = self.meters.start(|| self.broker.core().now());
        let served = isolate(api, (api.serve)(call, body)).await;
        self.finish(index, started, served)
    }

    /// Records the request when its answer is there.
    fn finish(
        &self,
        index: usize,
        started: Option<std::time::Duration>,
        served: Result<Dispatched, Fault>,
    ) -> Dispatched {
        let api = &table::APIS[index];
        match served {
            Ok(Dispatched::Later(answer)) => {
                let (meters, broker) = (self.meters.clone(), self.broker.clone());
                Dispatched::Later(Box::pin(async move {
                    let answer = isolate(api, answer).await.and_then(|answer| answer);
                    meters.stop(index, started, answer.is_err(), || broker.core().now());
                    answer
                }))
            }
            Ok(now) => {
                let failed = matches!(now, Dispatched::Close(_));
                self.meters.stop(index, started, failed, || self.broker.core().now());
                now
            }
            Err(fault) => {
                self.meters.stop(index, started, true, || self.broker.core().now());
                Dispatched::Close(fault)
            }
        }
    }
}

/// Which header a request has: by the API's own schema, or not at all when it is not served.
fn request_header_version(key: i16, version: i16) -> Option<i16> {
    table::find(key).map(|(_, api)| (api.request_header)(version))
}

/// Kafka answers a version it does not know for ApiVersions only, so that a client can find out;
/// for any other API it closes the connection.
fn refuse_version(api: &Api, header: &RequestHeader) -> Dispatched {
    let version = header.api_version;
    if api.key != ApiKey::ApiVersions {
        return Dispatched::Close(Fault::UnknownVersion { api: api.name(), version });
    }
    match reply::encode(header.correlation_id, 0, &api_versions::unsupported_version()) {
        Ok(reply) => Dispatched::Reply(reply),
        Err(reason) => Dispatched::Close(Fault::Response { api: api.name(), version: 0, reason }),
    }
}

/// Decodes, handles, encodes: the same for every API, made once per handler by the compiler.
pub(super) fn serve<H: Handler>(call: Call, body: Bytes) -> BoxFuture<'static, Dispatched> {
    Box::pin(async move {
        let (version, correlation_id) = (call.version, call.correlation_id);
        let request = match guard::decode::<H::Request>(body, version) {
            Ok(request) => request,
            Err(reason) => {
                let api = format!("{:?}", H::KEY);
                return Dispatched::Close(Fault::Body { api, version, reason });
            }
        };
        match H::handle(call, request).await {
            Outcome::Now(response) => match finish::<H>(correlation_id, version, &response) {
                Ok(reply) => Dispatched::Reply(reply),
                Err(fault) => Dispatched::Close(fault),
            },
            Outcome::Later(answer) => Dispatched::Later(Box::pin(async move {
                finish::<H>(correlation_id, version, &answer.await)
            })),
            Outcome::Silent => Dispatched::Silent,
            Outcome::Close => Dispatched::Close(Fault::Refused { api: format!("{:?}", H::KEY) }),
        }
    })
}

fn finish<H: Handler>(id: i32, version: i16, response: &H::Response) -> Result<Reply, Fault> {
    reply::encode(id, version, response).map_err(|reason| Fault::Response {
        api: format!("{:?}", H::KEY),
        version,
        reason,
    })
}

/// Turns a panic into a fault of this connection.
async fn isolate<T>(api: &Api, work: impl Future<Output = T>) -> Result<T, Fault> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .map_err(|panic| Fault::Panicked { api: api.name(), reason: message(&*panic) })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "?".to_owned())
}

#[cfg(test)]
mod tests;

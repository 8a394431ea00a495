//! The metrics page: `/metrics` for Prometheus, `/healthz` for whoever restarts containers.
//!
//! Counters and histograms live in a recorder that is installed when the page is opened, before
//! anything is counted. What describes state (sizes, lags) is asked from the broker at each scrape
//! and rendered by a recorder of its own, so that a deleted topic leaves the page.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{Label, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::connection::raised;
use crate::broker::Broker;
use crate::broker::figures::Figure;

/// How often recorded times are moved into their buckets when nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Upper bounds of the latency buckets, in seconds: from an answer out of memory to a long poll.
const LATENCY_BUCKETS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];

/// The page cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The address cannot be listened on.
    #[error("metrics: {place}: {source}")]
    Listen {
        /// Host and port as given.
        place: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The recorder cannot be installed.
    #[error("metrics: {0}")]
    Recorder(String),
}

/// An open metrics page, not served yet.
pub struct Page {
    listener: TcpListener,
    address: SocketAddr,
    counted: PrometheusHandle,
}

/// Listens on `place` (host:port) and installs the recorder of the whole process.
pub async fn open_page(place: &str) -> Result<Page, PageError> {
    let failed = |source| PageError::Listen { place: place.to_owned(), source };
    let listener = TcpListener::bind(place).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let latency = Matcher::Suffix("_seconds".to_owned());
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(latency, LATENCY_BUCKETS)
        .map_err(|error| PageError::Recorder(error.to_string()))?
        .build_recorder();
    let counted = recorder.handle();
    metrics::set_global_recorder(recorder)
        .map_err(|error| PageError::Recorder(error.to_string()))?;
    describe();
    Ok(Page { listener, address, counted })
}

impl Page {
    /// Where it can be reached.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the page until `shutdown` turns true.
    pub async fn serve(
        self,
        broker: Arc<Broker>,
        mut shutdown: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let (counted, patient) = (self.counted.clone(), broker.clone());
        let router = Router::new()
            .route("/metrics", get(move || scrape(counted.clone(), broker.clone())))
            .route("/healthz", get(move || std::future::ready(health(&patient))));
        let stopped = async move { raised(&mut shutdown).await };
        let served = axum::serve(self.listener, router).with_graceful_shutdown(stopped);
        tokio::select! {
            served = served.into_future() => served,
            () = keep_up(self.counted) => Ok(()),
        }
    }
}

async fn keep_up(counted: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        counted.run_upkeep();
    }
}

async fn scrape(counted: PrometheusHandle, broker: Arc<Broker>) -> Response {
    let figures = broker.figures().await;
    let text = counted.render() + &render(figures);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn health(broker: &Broker) -> Response {
    match broker.ailment() {
        None => (StatusCode::OK, "ok\n").into_response(),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason + "\n").into_response(),
    }
}

fn render(figures: Vec<Figure>) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let rendered = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        for Figure { name, help, labels, value } in figures {
            describe_gauge!(name, help);
            let labels = labels.into_iter().map(|(key, value)| Label::new(key, value));
            metrics::gauge!(name, labels.collect::<Vec<_>>()).set(value);
        }
    });
    rendered.render()
}

fn describe() {
    describe_counter!("klamm_requests_total", "Requests answered, by API");
    describe_counter!("klamm_requests_failed_total", "Requests that closed their connection");
    describe_histogram!("klamm_request_seconds", "From a request's arrival to its answer, by API");
    describe_counter!("klamm_network_received_bytes_total", "Bytes read from clients");
    describe_counter!("klamm_network_sent_bytes_total", "Bytes written to clients");
    describe_gauge!("klamm_connections", "Connections that are open, by listener");
    describe_counter!("klamm_connections_accepted_total", "Connections ever accepted");
    describe_counter!("klamm_connections_refused_total", "Connections over max.connections.per.ip");
}

#[cfg(test)]
mod tests;

//! The page over HTTP, and what it shows.

use metrics_exporter_prometheus::PrometheusRecorder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;
use crate::base::SystemClock;
use crate::config::Settings;
use crate::store::faulty::Faulty;
use crate::store::mem::MemEngine;

struct Running {
    address: SocketAddr,
    store: Arc<Faulty>,
    recorder: PrometheusRecorder,
    shutdown: watch::Sender<bool>,
    served: JoinHandle<io::Result<()>>,
}

/// A page with a recorder of its own: the process has one global recorder, which tests share.
#[expect(clippy::disallowed_methods, reason = "a test runs the page beside itself")]
async fn run() -> Running {
    let store = Arc::new(Faulty::new(Arc::new(MemEngine::new())));
    let clock = Arc::new(SystemClock::start());
    let broker = Broker::boot(Settings::default(), store.clone(), clock);
    let broker = broker.await.expect("an empty store");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = Page { listener, address, counted: recorder.handle() };
    let (shutdown, stop) = watch::channel(false);
    let served = tokio::spawn(page.serve(broker, stop));
    Running { address, store, recorder, shutdown, served }
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the page is served");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it is read");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("an answer");
    response
}

#[tokio::test]
async fn what_was_counted_and_what_is_there_are_on_one_page() {
    let running = run().await;
    metrics::with_local_recorder(&running.recorder, || {
        metrics::counter!("klamm_network_sent_bytes_total").increment(7);
    });
    let page = get(running.address, "/metrics").await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("\nklamm_network_sent_bytes_total 7\n"), "{page}");
    assert!(page.contains("\nklamm_topics 0\n"), "{page}");
    assert!(get(running.address, "/other").await.starts_with("HTTP/1.1 404 "));
}

#[tokio::test]
async fn health_follows_the_store() {
    let running = run().await;
    assert!(get(running.address, "/healthz").await.starts_with("HTTP/1.1 200 OK\r\n"));
    running.store.fence();
    let mut answer = String::new();
    for _ in 0..1000 {
        answer = get(running.address, "/healthz").await;
        if answer.starts_with("HTTP/1.1 503 ") {
            break;
        }
    }
    assert!(answer.ends_with("another process owns this store now\n"), "{answer}");
}

#[tokio::test]
async fn the_page_ends_with_the_broker() {
    let running = run().await;
    running.shutdown.send(true).expect("the page listens");
    running.served.await.expect("no panic").expect("an orderly end");
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[test]
fn figures_are_rendered_with_their_labels() {
    let figure = Figure {
        name: "klamm_log_bytes",
        help: "Bytes stored",
        labels: vec![("topic", "a\"b".to_owned())],
        value: 12.0,
    };
    let text = render(vec![figure]);
    assert!(text.contains("# HELP klamm_log_bytes Bytes stored\n"), "{text}");
    assert!(text.contains("klamm_log_bytes{topic=\"a\\\"b\"} 12\n"), "{text}");
}

#[test]
fn nothing_to_show_is_an_empty_page() {
    assert_eq!(render(Vec::new()), "");
}

//! Listeners as Kafka reads them.

use std::net::SocketAddr;

use super::{faults, flags, load};
use crate::config::{Endpoint, Settings, Sources};

fn bound(settings: &Settings) -> Vec<String> {
    let show = |listener: &crate::config::Listener| {
        format!("{} {} {}", listener.name, listener.host, listener.port)
    };
    settings.listeners().bind().iter().map(show).collect()
}

fn told(settings: &Settings, addresses: &[&str]) -> Vec<String> {
    let addresses: Vec<SocketAddr> =
        addresses.iter().map(|text| text.parse().expect("an address")).collect();
    let show =
        |endpoint: Endpoint| format!("{} {}:{}", endpoint.listener, endpoint.host, endpoint.port);
    settings.listeners().advertise(&addresses, "machine").into_iter().map(show).collect()
}

#[test]
fn without_settings_this_machine_alone_is_served() {
    let settings = Settings::default();
    assert_eq!(bound(&settings), ["PLAINTEXT 127.0.0.1 9092"]);
    assert_eq!(told(&settings, &["127.0.0.1:9092"]), ["PLAINTEXT 127.0.0.1:9092"]);
}

#[test]
fn several_listeners_keep_their_names_and_are_advertised_each() {
    let settings = load(&[
        ("listeners", "INTERNAL://0.0.0.0:19092, external://[::1]:9092"),
        ("advertised.listeners", "EXTERNAL://localhost:29092,INTERNAL://kafka:19092"),
        ("listener.security.protocol.map", "INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT"),
        ("inter.broker.listener.name", "INTERNAL"),
    ]);
    assert_eq!(bound(&settings), ["INTERNAL 0.0.0.0 19092", "EXTERNAL ::1 9092"]);
    assert_eq!(
        told(&settings, &["0.0.0.0:19092", "[::1]:9092"]),
        ["INTERNAL kafka:19092", "EXTERNAL localhost:29092"]
    );
}

#[test]
fn a_free_port_is_advertised_once_it_is_known() {
    let settings = load(&[("listeners", "PLAINTEXT://127.0.0.1:0")]);
    assert_eq!(told(&settings, &["127.0.0.1:45678"]), ["PLAINTEXT 127.0.0.1:45678"]);
}

#[test]
fn every_interface_is_advertised_under_the_machines_name() {
    let settings = load(&[("listeners", "PLAINTEXT://:9092")]);
    assert_eq!(told(&settings, &["[::]:9092"]), ["PLAINTEXT machine:9092"]);
}

#[test]
fn a_controllers_listener_is_not_opened() {
    let settings = load(&[
        ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
        ("advertised.listeners", "PLAINTEXT://localhost:9092"),
        ("controller.listener.names", "CONTROLLER"),
    ]);
    assert_eq!(bound(&settings), ["PLAINTEXT  9092"]);
}

fn check_refused(given: &[(&str, &str)], why: &str) {
    let told = faults(&flags(given)).join(" ");
    assert!(told.contains(why), "{told}");
}

#[test]
fn what_kafka_refuses_is_refused() {
    let twice = "PLAINTEXT://:9092,PLAINTEXT://:9093";
    check_refused(&[("listeners", twice)], "Each listener must have a different name");
    let same = "PLAINTEXT://:9092,OTHER://:9092";
    check_refused(&[("listeners", same)], "Each listener must have a different port");
    check_refused(&[("listeners", "localhost:9092")], "Unable to parse localhost:9092");
    check_refused(&[("listeners", "PLAINTEXT://h:99999")], "Unable to parse");
    check_refused(&[("listeners", "")], "at least one");
    let zeros = [("listeners", "PLAINTEXT://0.0.0.0:9092")];
    check_refused(&zeros, "listeners=PLAINTEXT://0.0.0.0:9092 (flag --set): clients cannot");
    check_refused(&[("advertised.listeners", "OTHER://h:1")], "OTHER is not one of the listeners");
    check_refused(
        &[("listeners", "OTHER://h:1")],
        "No security protocol defined for listener OTHER",
    );
    check_refused(&[("listener.security.protocol.map", "A:B")], "no security protocol B");
    check_refused(&[("listeners", "SSL://h:1")], "TLS is not built yet");
    check_refused(&[("listeners", "SASL_PLAINTEXT://h:1")], "SASL is not built yet");
}

#[test]
fn one_port_may_serve_both_families() {
    let settings = load(&[
        ("listeners", "A://127.0.0.1:9092,B://[::1]:9092"),
        ("listener.security.protocol.map", "A:PLAINTEXT,B:PLAINTEXT"),
    ]);
    assert_eq!(bound(&settings).len(), 2);
}

#[test]
fn in_a_container_the_defaults_are_those_of_kafkas_image() {
    let container = Sources { container: true, ..Sources::default() };
    let settings = Settings::load(&container).expect("the defaults are sound");
    assert_eq!(bound(&settings), ["PLAINTEXT 0.0.0.0 9092"]);
    assert_eq!(told(&settings, &["0.0.0.0:9092"]), ["PLAINTEXT localhost:9092"]);
    assert_eq!(settings.data_dir().to_str(), Some("/var/lib/kafka/data"));

    let given = [
        ("advertised.listeners", "PLAINTEXT://broker:19092,HOST://localhost:9092"),
        ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,HOST:PLAINTEXT"),
    ];
    let derived = Sources { container: true, ..flags(&given) };
    let settings = Settings::load(&derived).expect("listeners follow what is advertised");
    assert_eq!(bound(&settings), ["PLAINTEXT 0.0.0.0 19092", "HOST 0.0.0.0 9092"]);
}

//! The program itself: what it says when it starts, and why it does not.

use crate::harness::{
    broker::{serve, serve_on},
    *,
};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Command, Stdio},
};

/// Runs the program to its end, which must be a failure; what it wrote on stderr.
#[track_caller]
fn fails(mut command: Command) -> String {
    let output = command.output().expect("the klamm binary runs");
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert!(!output.status.success(), "it ended well: {stderr}");
    assert!(output.status.code().is_some(), "it was ended by a signal: {stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(output.stdout.is_empty(), "nothing is ready");
    stderr
}

/// One clear sentence: a line that names what is wrong.
#[track_caller]
fn one_sentence(stderr: &str, about: &[&str]) {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), 1, "more than one line: {stderr}");
    for word in about {
        assert!(lines[0].contains(word), "{word:?} is not in: {stderr}");
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn a_port_in_use_is_told() {
    if skipped_on_oracle("a_port_in_use_is_told") {
        return;
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let dir = folder();
    let command = serve_on(&address, dir.path(), &[]);
    one_sentence(&fails(command), &[&address]);
}

#[test]
fn a_second_broker_on_the_same_folder_is_told() {
    if skipped_on_oracle("a_second_broker_on_the_same_folder_is_told") {
        return;
    }
    let broker = Broker::start(&[]);
    let path = broker.dir().to_str().expect("text").to_owned();
    one_sentence(&fails(serve(broker.dir(), &[])), &[&path]);
    assert_eq!(broker.connect().metadata(12, &[]).brokers.len(), 1, "the first goes on");
}

#[test]
fn an_unknown_setting_is_told_with_the_one_that_was_meant() {
    if skipped_on_oracle("an_unknown_setting_is_told_with_the_one_that_was_meant") {
        return;
    }
    let dir = folder();
    let stderr = fails(serve(dir.path(), &["--set", "num.partition=3"]));
    one_sentence(&stderr, &["num.partition", "num.partitions", "id you mean"]);
}

#[test]
fn an_invalid_value_is_told_with_its_setting() {
    if skipped_on_oracle("an_invalid_value_is_told_with_its_setting") {
        return;
    }
    for (name, value) in [("num.partitions", "many"), ("num.partitions", "0")] {
        let dir = folder();
        let set = format!("{name}={value}");
        one_sentence(&fails(serve(dir.path(), &["--set", &set])), &[name, value]);
    }
}

#[test]
fn a_settings_file_that_is_missing_is_told() {
    if skipped_on_oracle("a_settings_file_that_is_missing_is_told") {
        return;
    }
    let dir = folder();
    let file = dir.path().join("missing.properties");
    let file = file.to_str().expect("text");
    one_sentence(&fails(serve(dir.path(), &["--config", file])), &[file]);
}

#[test]
fn settings_come_from_file_environment_and_flags_in_this_order() {
    if skipped_on_oracle("settings_come_from_file_environment_and_flags_in_this_order") {
        return;
    }
    let dir = folder();
    let file = dir.path().join("server.properties");
    let written = "num.partitions=2\nlog.retention.ms=1111\nmessage.max.bytes=3333\n";
    std::fs::write(&file, written).expect("a file");
    let mut command = serve(&dir.path().join("data"), &["--set", "message.max.bytes=5555"]);
    command.arg("--config").arg(&file).env("KAFKA_LOG_RETENTION_MS", "4444");
    command.env("KAFKA_MESSAGE_MAX_BYTES", "2222").env("RUST_LOG", "error");
    let ready = dir.path().join("ready");
    command.arg("--ready-file").arg(&ready).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the klamm binary runs");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is piped");
    BufReader::new(stdout).read_line(&mut line).expect("stdout can be read");
    let address = line.split_whitespace().nth(3).and_then(|a| a.trim_end_matches(',').parse().ok());
    let mut client = Client::connect(address.unwrap_or_else(|| panic!("not ready: {line:?}")));
    let made = client.create(creatable("defaults", -1));
    let configs = made.configs.expect("settings");
    let value = |name: &str| {
        let found = configs.iter().find(|c| *c.name == *name).expect("it is listed");
        found.value.clone().expect("a value").to_string()
    };
    assert_eq!(made.num_partitions, 2);
    assert_eq!(value("retention.ms"), "4444");
    assert_eq!(value("max.message.bytes"), "5555");
    child.kill().expect("it can be signalled");
    child.wait().expect("it ends");
}

#[test]
fn a_folder_that_was_left_by_a_kill_needs_no_hand() {
    if skipped_on_oracle("a_folder_that_was_left_by_a_kill_needs_no_hand") {
        return;
    }
    let mut broker = Broker::start(&[]);
    for _ in 0..3 {
        broker = broker.kill_and_restart();
        assert_eq!(broker.connect().metadata(12, &[]).brokers.len(), 1);
    }
}

#[test]
fn an_ephemeral_broker_works_and_leaves_nothing() {
    if skipped_on_oracle("an_ephemeral_broker_works_and_leaves_nothing") {
        return;
    }
    let broker = Broker::start(&["--ephemeral"]);
    let mut client = broker.connect();
    let topic = client.topic("ephemeral", 1);
    assert_eq!(client.append(&topic, ["a"]), 0);
    assert_eq!(views(&client.fetch(&topic, 0).records.expect("records")).len(), 1);
    let dir = broker.dir().to_owned();
    drop(broker);
    let left = std::fs::read_dir(dir).map_or(0, Iterator::count);
    assert_eq!(left, 0, "files in the data folder");
}

#[test]
fn the_address_in_the_metadata_is_the_bound_one() {
    if skipped_on_oracle("the_address_in_the_metadata_is_the_bound_one") {
        return;
    }
    let broker = Broker::start(&[]);
    let told = broker.connect().metadata(12, &[]).brokers.remove(0);
    assert_eq!(told.port, i32::from(broker.address().port()));
    assert_eq!(&*told.host, "127.0.0.1");
}

//! The program: parse arguments, start, wait, exit code.
//!
//! Exit codes: 0 after a clean end, 2 for arguments or settings that cannot be accepted, 1 for
//! everything else. What went wrong is one sentence a line on stderr.
//!
//! Reading order: `main/args.rs`, `main/serve.rs`, `main/ready.rs`, `main/health.rs`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use klamm::base::SystemClock;
use klamm::config::docs;

#[path = "main/args.rs"]
mod args;
#[path = "main/health.rs"]
mod health;
#[path = "main/ready.rs"]
mod ready;
#[path = "main/serve.rs"]
mod serve;

use args::{Arguments, Command};

/// Why the program ends early: the sentences, and the exit code.
struct Failure {
    sentences: Vec<String>,
    code: u8,
}

impl Failure {
    fn new(sentence: impl ToString) -> Self {
        Self { sentences: vec![sentence.to_string()], code: 1 }
    }

    fn of_settings(errors: &[impl ToString]) -> Self {
        Self { sentences: errors.iter().map(ToString::to_string).collect(), code: 2 }
    }
}

fn main() -> ExitCode {
    let clock = SystemClock::start();
    let ended = match Arguments::parse().command {
        Command::Serve(serve) => serve::run(serve, clock),
        Command::Health(health) => health::run(health),
        Command::ConfigDocs => print(&docs::page()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { sentences, code }) => {
            for sentence in sentences {
                // Whoever closed stderr does not want to know.
                let _unread = writeln!(std::io::stderr(), "klamm: {sentence}");
            }
            ExitCode::from(code)
        }
    }
}

/// Prints to stdout; whoever closed it does not want to know.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    let _unread = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    Ok(())
}

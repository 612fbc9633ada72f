//! Chooses: the window, or a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sightline::cli::main().into()
}

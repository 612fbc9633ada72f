//! The program: the window, or a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Microsoft's builds of ONNX Runtime collect telemetry: they write an identifier of this computer and a database into the
    // cache folder before a program can forbid it. They read this variable when they are loaded.
    #[expect(unsafe_code, reason = "there is no other way to tell the runtime before it is loaded")]
    // SAFETY: no other thread runs yet.
    unsafe {
        std::env::set_var("ORT_DISABLE_TELEMETRY", "1");
    }
    sightline::cli::main().into()
}

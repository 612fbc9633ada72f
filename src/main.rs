//! Chooses: the window, or a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Microsoft's builds of ONNX Runtime count their use: before they can be told not to, they put an identifier of this
    // computer and a database into the cache folder. They look at this variable when they are loaded.
    #[expect(unsafe_code, reason = "the runtime can't be asked otherwise before it is loaded")]
    // SAFETY: no other thread runs yet.
    unsafe {
        std::env::set_var("ORT_DISABLE_TELEMETRY", "1");
    }
    sightline::cli::main().into()
}

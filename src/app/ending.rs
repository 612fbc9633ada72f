//! Ending at the system's wish: at the end of a session, or by Ctrl-C in the terminal that the window was opened from.

use std::time::Duration;

use egui::{Context, ViewportCommand};

use super::start::Start;
use crate::source;

/// How long the window may take to close. A hidden one may not be asked to paint any more.
const PATIENCE: Duration = Duration::from_secs(2);

/// Closes the window when SIGTERM, SIGHUP or Ctrl-C comes, so that what is remembered is written and no program that a source
/// runs stays behind. If the system refuses (never seen), they end the process at once, as any.
pub(super) fn close_when_told(ctx: Context, start: Start) {
    let listening = ctrlc::set_handler(move || {
        // At once: the system may not wait, and being told to end is no crash.
        start.end_in_order();
        ctx.send_viewport_cmd(ViewportCommand::Close);
        ctx.request_repaint();
        // This thread does nothing else; usually the process ends first.
        std::thread::sleep(PATIENCE);
        source::end_programs();
        // 128 + SIGTERM, as shells count.
        std::process::exit(143);
    });
    if let Err(error) = listening {
        tracing::warn!("signals can't be listened for: {error}");
    }
}

//! Recording: frames with their own times, through the installed ffmpeg, into files that can be played however their writing
//! ends.
//!
//! ```text
//! engine's tap ─▶ pairing ─▶ sightline-record: draws ─▶ a writer for each video ─▶ ffmpeg ─▶ file
//!                                                  └──▶ the ring of the last seconds ─▶ clips
//! ```

mod built_in;
mod clips;
mod clock;
mod draw;
mod encoder;
mod encoding;
mod error;
mod fragments;
mod lines;
mod matroska;
mod names;
mod options;
mod pairing;
mod process;
mod recorder;
mod ring;
mod take;
#[cfg(test)]
mod tests;
mod video_file;
mod work;
mod writer;

pub use clock::Clock;
pub use encoder::{Container, Encoder, best};
pub use error::RecordError;
pub use lines::{ModelSpan, RecordingRecord};
pub use options::{Look, RecordOptions, What};
pub use recorder::{ClipRequest, ClipSender, Happening, Phase, Recorder, Status, TAP_QUEUE};
pub use take::Saved;
pub use video_file::{Finished, VideoFile};

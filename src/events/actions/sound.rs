//! A short tone, played by the system's own player: a library for sound would bring ALSA's headers into every build.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::NamedTempFile;

use super::command::{self, Ended};
use super::{ActionError, Stop, Success};

const RATE: u32 = 22_050;
/// The notes, in hertz, and how long each sounds, in seconds.
const NOTES: [(f32, f32); 2] = [(880.0, 0.14), (1174.66, 0.26)];
/// A second of a countdown.
const TICK: [(f32, f32); 1] = [(1046.5, 0.07)];
/// A player that takes longer has no device.
const LIMIT: Duration = Duration::from_secs(5);

/// The players that are tried, with the arguments before the file's name.
const PLAYERS: &[(&str, &[&str])] = if cfg!(target_os = "macos") {
    &[("afplay", &[])]
} else if cfg!(windows) {
    // The file's name is the last argument.
    &[("powershell", &["-NoProfile", "-Command", "(New-Object Media.SoundPlayer $args[0]).PlaySync()"])]
} else {
    &[
        ("pw-play", &[]),
        ("paplay", &[]),
        ("aplay", &["-q"]),
        ("ffplay", &["-nodisp", "-autoexit", "-loglevel", "error"]),
    ]
};

/// The tone in a file, which goes with this.
pub(super) struct Tone(NamedTempFile);

pub(super) fn play(tone: &mut Option<Tone>, stop: &Stop) -> Result<Success, ActionError> {
    let file = match tone {
        Some(tone) => tone,
        none => none.insert(Tone::write(&NOTES).map_err(|error| ActionError::Sound {
            reason: format!("the tone can't be written ({error})"),
        })?),
    };
    play_file(file, stop)
}

/// The tick of a countdown.
#[derive(Clone, Default)]
pub struct Tick(Arc<Mutex<Option<Tone>>>);

impl std::fmt::Debug for Tick {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tick")
    }
}

impl Tick {
    /// Plays it; returns when it has sounded. While another thread plays it, nothing is played.
    ///
    /// # Errors
    /// [`ActionError::Sound`].
    pub fn play(&self) -> Result<(), ActionError> {
        let Ok(mut tone) = self.0.try_lock() else { return Ok(()) };
        let failed = |error: std::io::Error| ActionError::Sound {
            reason: format!("the tone can't be written ({error})"),
        };
        let file = match &mut *tone {
            Some(tone) => tone,
            none => none.insert(Tone::write(&TICK).map_err(failed)?),
        };
        let (_going, stop) = Stop::new();
        play_file(file, &stop).map(drop)
    }
}

fn play_file(file: &Tone, stop: &Stop) -> Result<Success, ActionError> {
    let mut reason = "there is no player".to_owned();
    for (player, before) in PLAYERS {
        let mut arguments: Vec<String> = before.iter().map(|argument| (*argument).to_owned()).collect();
        arguments.push(file.0.path().display().to_string());
        match command::execute(Path::new(player), &arguments, LIMIT, stop) {
            Ok(Ended { success: true, .. }) => {
                return Ok(Success { note: (*player).to_owned(), file: None });
            }
            Ok(ended) => reason = format!("{player} failed: {}", ended.says),
            Err(ActionError::TooLong { .. }) => reason = format!("{player} doesn't answer"),
            Err(ActionError::Stopped) => return Err(ActionError::Stopped),
            Err(_) => {}
        }
    }
    Err(ActionError::Sound { reason })
}

impl Tone {
    fn write(notes: &[(f32, f32)]) -> std::io::Result<Self> {
        let mut file = tempfile::Builder::new().prefix("sightline-").suffix(".wav").tempfile()?;
        file.write_all(&wav(notes))?;
        file.flush()?;
        Ok(Self(file))
    }
}

/// The tone as a WAV file of 16 bits, one channel.
fn wav(notes: &[(f32, f32)]) -> Vec<u8> {
    let mut samples = Vec::new();
    for &(frequency, seconds) in notes {
        let count = (seconds * RATE as f32) as u32;
        for n in 0..count {
            let (time, share) = (n as f32 / RATE as f32, n as f32 / count as f32);
            // Soft at both ends, so that it doesn't click.
            let envelope = (share * 12.0).min(1.0) * (1.0 - share).powf(1.5);
            let value = (time * frequency * std::f32::consts::TAU).sin() * envelope * 0.5;
            samples.extend(((value * f32::from(i16::MAX)) as i16).to_le_bytes());
        }
    }
    let mut wav = Vec::with_capacity(44 + samples.len());
    wav.extend(b"RIFF");
    wav.extend((36 + samples.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    for word in [1u16, 1] {
        wav.extend(word.to_le_bytes());
    }
    wav.extend(RATE.to_le_bytes());
    wav.extend((RATE * 2).to_le_bytes());
    for word in [2u16, 16] {
        wav.extend(word.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(samples);
    wav
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tone_is_a_whole_wav_file_that_ends_softly() {
        let wav = wav(&NOTES);
        let length = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().expect("four bytes")) as usize;
        assert_eq!((length(4) + 8, length(40) + 44), (wav.len(), wav.len()));
        let last = i16::from_le_bytes([wav[wav.len() - 2], wav[wav.len() - 1]]);
        assert!(last.abs() < 100, "{last}");
        let loudest =
            wav[44..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]]).unsigned_abs()).max();
        assert!(loudest.is_some_and(|peak| (8_000..20_000).contains(&peak)), "{loudest:?}");
    }
}

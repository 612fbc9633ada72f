//! Plays a video of the gallery: a thread reads its frames at their times and draws what its record says.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::drawn::{Recorded, read_recorded, results_of};
use super::video_reason;
use crate::frame::convert::Decoder;
use crate::frame::{Frame, FramePool};
use crate::latest::{LatestReader, LatestWriter, latest};
use crate::scene::{Scene, Style};
use crate::source::video::Video;
use crate::source::{Read, Source as _};

/// How long a read waits, so that commands are heard.
const WAIT: Duration = Duration::from_millis(40);

/// What is to be shown now.
#[derive(Clone, Debug, Default)]
pub struct Playback {
    /// RGBA.
    pub frame: Option<Arc<Frame>>,
    /// What was found in it, if a record says so.
    pub scene: Option<Arc<Scene>>,
    /// Seconds into the video, and its length.
    pub at_s: f64,
    pub length_s: Option<f64>,
    pub is_playing: bool,
    pub has_ended: bool,
    /// Why it can't be played, as a sentence.
    pub error: Option<String>,
}

/// What was asked for and isn't done yet: of several of a kind, the last one counts.
#[derive(Debug, Default)]
struct Wanted {
    play: Option<bool>,
    seek: Option<f64>,
}

/// Hands what is wanted to the thread.
#[derive(Debug)]
struct Desk {
    wanted: Mutex<Wanted>,
    /// Holds one: something is wanted.
    signal: Sender<()>,
}

impl Desk {
    fn ask(&self, ask: impl FnOnce(&mut Wanted)) {
        ask(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        let _ = self.signal.try_send(());
    }

    fn take(&self) -> Wanted {
        std::mem::take(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// See the module. Dropping it ends its thread and its program.
#[derive(Debug)]
pub struct Player {
    desk: Arc<Desk>,
    shown: LatestReader<Playback>,
    _thread: Option<JoinHandle<()>>,
}

impl Player {
    /// Opens a video, with its record, and plays it. Calls `wake` with every frame; it must return at once.
    #[must_use]
    pub fn open(
        video: PathBuf,
        record: Option<PathBuf>,
        style: Style,
        wake: impl Fn() + Send + 'static,
    ) -> Self {
        let (signal, heard) = bounded(1);
        let desk = Arc::new(Desk { wanted: Mutex::default(), signal });
        let asked = Arc::downgrade(&desk);
        let (show, shown) = latest();
        let thread = std::thread::Builder::new().name("sightline-player".into());
        let thread = thread.spawn(move || {
            let recorded = record.and_then(|record| match read_recorded(&record) {
                Ok(recorded) => Some(recorded),
                Err(reason) => {
                    tracing::info!("{} isn't drawn: {reason}", record.display());
                    None
                }
            });
            let mut playing = Playing {
                recorded,
                style,
                decoder: Decoder::default(),
                pool: FramePool::new(4),
                raw: Frame::default(),
                now: Playback { is_playing: true, ..Playback::default() },
                began: None,
            };
            if let Err(error) = playing.run(&video, (&asked, &heard), &show, &wake) {
                playing.now.is_playing = false;
                playing.now.error = Some(error);
                let _ = show.put(playing.now);
                wake();
            }
        });
        let thread = thread.map_err(|error| tracing::error!("no thread for the player: {error}")).ok();
        Self { desk, shown, _thread: thread }
    }

    /// What has changed since the last call; `None` if nothing has.
    #[must_use]
    pub fn take(&self) -> Option<Playback> {
        self.shown.try_take()
    }

    /// Plays on, or stands still.
    pub fn play(&self, on: bool) {
        self.desk.ask(|wanted| wanted.play = Some(on));
    }

    /// Goes to this second.
    pub fn seek(&self, to_s: f64) {
        self.desk.ask(|wanted| wanted.seek = Some(to_s));
    }
}

struct Playing {
    recorded: Option<Recorded>,
    style: Style,
    decoder: Decoder,
    pool: FramePool,
    raw: Frame,
    now: Playback,
    /// When the frame of this second was shown.
    began: Option<(Instant, f64)>,
}

impl Playing {
    fn run(
        &mut self,
        path: &Path,
        (asked, signals): (&Weak<Desk>, &Receiver<()>),
        show: &LatestWriter<Playback>,
        wake: &impl Fn(),
    ) -> Result<(), String> {
        let mut video = Video::file(path).map_err(|error| video_reason(&error))?;
        self.now.length_s = video.info().duration_s;
        // The first frame is shown, whether it plays or not.
        let mut wants_one = true;
        loop {
            let waits = !wants_one && (!self.now.is_playing || self.now.has_ended);
            if waits && signals.recv().is_err() {
                return Ok(());
            }
            let _ = signals.try_recv();
            // Nobody looks any more.
            let Some(desk) = asked.upgrade() else { return Ok(()) };
            let Wanted { play, seek: mut to } = desk.take();
            drop(desk);
            let changed = play.is_some() || to.is_some();
            if let Some(on) = play {
                (self.now.is_playing, self.began) = (on, None);
                if on && self.now.has_ended {
                    to = to.or(Some(0.0));
                }
            }
            if let Some(to) = to {
                video.seek(to).map_err(|error| video_reason(&error))?;
                (self.now.has_ended, self.began, wants_one) = (false, None, true);
                // A slider stays where it was put.
                self.now.at_s = to.clamp(0.0, self.now.length_s.unwrap_or(to).max(0.0));
            }
            if changed {
                self.show(show, wake)?;
            }
            if !wants_one && !self.now.is_playing {
                continue;
            }
            match video.read(&mut self.raw, WAIT).map_err(|error| video_reason(&error))? {
                Read::Nothing => {}
                Read::End => {
                    (self.now.has_ended, self.now.is_playing, wants_one) = (true, false, false);
                    self.show(show, wake)?;
                }
                Read::Frame => {
                    wants_one = false;
                    let at_s = self.raw.time_s.unwrap_or_default();
                    self.wait_for(at_s, signals, show);
                    if show.is_closed() {
                        return Ok(());
                    }
                    let (decoder, raw) = (&mut self.decoder, &self.raw);
                    let decoded = self.pool.fill(|frame| {
                        frame.copy_stamp_from(raw);
                        decoder.decode(raw, frame)
                    });
                    match decoded {
                        Ok((frame, ())) => self.now.frame = Some(frame),
                        Err(error) => tracing::debug!("a frame isn't shown: {error}"),
                    }
                    self.now.at_s = at_s;
                    self.now.scene = self.scene(at_s);
                    self.show(show, wake)?;
                }
            }
            if show.is_closed() {
                return Ok(());
            }
        }
    }

    /// Waits until a frame is due, a command comes, or nobody looks any more.
    fn wait_for(&mut self, at_s: f64, signals: &Receiver<()>, show: &LatestWriter<Playback>) {
        let Some((began, from_s)) = self.began else {
            self.began = Some((Instant::now(), at_s));
            return;
        };
        let due = began + Duration::from_secs_f64((at_s - from_s).clamp(0.0, 3600.0));
        while signals.is_empty() && !show.is_closed() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
        // Late by much: it goes on from here.
        if Instant::now().saturating_duration_since(due) > Duration::from_millis(300) {
            self.began = Some((Instant::now(), at_s));
        }
    }

    fn scene(&self, at_s: f64) -> Option<Arc<Scene>> {
        let record = self.recorded.as_ref()?.at(Some(at_s))?;
        let (results, labels) = results_of(record);
        let mut scene = Scene::new();
        scene.compose(&results, &labels, &self.style);
        Some(Arc::new(scene))
    }

    /// # Errors
    /// Nobody looks any more; the text is shown nowhere.
    fn show(&self, show: &LatestWriter<Playback>, wake: &impl Fn()) -> Result<(), String> {
        show.put(self.now.clone()).map_err(|_| String::new())?;
        wake();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(player: &Player, is: impl Fn(&Playback) -> bool) -> Playback {
        let end = Instant::now() + Duration::from_secs(30);
        let mut last = Playback::default();
        while Instant::now() < end {
            if let Some(now) = player.take() {
                last = now;
                if is(&last) {
                    break;
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        last
    }

    #[test]
    fn what_is_no_video_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        std::fs::write(&path, "").unwrap();
        let player = Player::open(path, None, Style::default(), || {});
        assert!(until(&player, |now| now.error.is_some()).error.is_some_and(|text| !text.is_empty()));
    }

    #[test]
    fn a_player_that_is_closed_ends_although_the_next_frame_is_far_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mkv");
        // A frame a minute.
        let made = std::process::Command::new("ffmpeg")
            .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=1/60:duration=180"])
            .arg(&path)
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return;
        }
        let player = Player::open(path, None, Style::default(), || {});
        assert!(until(&player, |now| now.frame.is_some()).frame.is_some());
        let Player { desk, shown, _thread: thread } = player;
        drop((desk, shown));
        let thread = thread.expect("a thread");
        let begin = Instant::now();
        while !thread.is_finished() {
            assert!(begin.elapsed() < Duration::from_secs(10), "it waits for the next frame");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_video_plays_to_its_end_is_paused_and_sought_with_its_boxes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        let made = std::process::Command::new("ffmpeg")
            .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1.5"])
            .arg(&path)
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return;
        }
        let record = folder.path().join("a.jsonl");
        let line = |n: u32| {
            let found = r#"{"class_id":0,"label":"cat","score":0.9,"box":[8,8,24,24]}"#;
            let found = if n >= 10 { found } else { "" };
            format!(
                r#"{{"source":"a","frame":{n},"time_s":{},"size":[64,48],"model":"m","task":"detect","detections":[{found}],"ms":null}}"#,
                f64::from(n) / 10.0
            )
        };
        std::fs::write(&record, (0..15).map(line).collect::<Vec<_>>().join("\n")).unwrap();
        let player = Player::open(path, Some(record), Style::default(), || {});
        let first = until(&player, |now| now.frame.is_some());
        assert!(first.scene.is_some_and(|scene| scene.shapes().is_empty()), "nothing was found at its begin");
        assert_eq!(first.length_s.map(|length| (length * 10.0).round()), Some(15.0));
        let ended = until(&player, |now| now.has_ended);
        assert!(ended.has_ended && ended.at_s > 1.3 && !ended.is_playing, "{ended:?}");
        player.seek(1.2);
        let sought = until(&player, |now| !now.has_ended && now.frame.is_some() && now.at_s > 1.0);
        assert!((1.1..1.4).contains(&sought.at_s) && !sought.is_playing, "{}", sought.at_s);
        assert!(sought.scene.is_some_and(|scene| !scene.shapes().is_empty()), "the cat is drawn");
        player.play(true);
        let played = until(&player, |now| now.has_ended);
        assert!(played.has_ended);
        player.play(true);
        assert!(until(&player, |now| now.at_s < 0.5 && now.is_playing).is_playing, "from its begin");
    }
}

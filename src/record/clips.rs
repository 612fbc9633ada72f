//! Clips: the seconds around an event, cut out of what is kept in memory.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::RecordError;
use super::lines::{Lines, RecordingRecord, VideoFiles};
use super::names::{prepare_folder, reserve};
use super::options::{Look, RecordOptions};
use super::process::Process;
use super::recorder::{ClipRequest, Happening};
use super::ring::{Cut, Ring};
use super::take::Saved;
use crate::engine::Prediction;

/// Clips that wait for their last second at most.
pub(super) const MOST: usize = 16;
/// The longest time before or after an event, in seconds.
pub(super) const LONGEST_S: f64 = 120.0;
/// A clip whose rule fires again before its end goes on, at most for so long.
const LONGEST: Duration = Duration::from_mins(2);
/// The encoder may be so much behind.
const BEHIND: Duration = Duration::from_secs(4);

/// Gets the file of a clip, or why there is none.
pub type Done = Box<dyn FnOnce(Result<PathBuf, Arc<RecordError>>) + Send>;

/// A clip whose time isn't over yet.
pub(super) struct Pending {
    /// In the ring's time.
    from: Duration,
    until: Duration,
    /// When its last second is over.
    over: Instant,
    rule: Option<String>,
    /// Those who asked for it; without any, the recorder's owner is told.
    done: Vec<Done>,
    options: RecordOptions,
    size: (u32, u32),
}

impl Pending {
    /// What `request` asks for at `now` of a ring.
    pub fn new(request: ClipRequest, options: RecordOptions, now: Duration, size: (u32, u32)) -> Self {
        let seconds = |value: f64| {
            Duration::from_secs_f64(if value.is_finite() { value.clamp(0.0, LONGEST_S) } else { 0.0 })
        };
        let after = seconds(request.after_s);
        Self {
            from: now.saturating_sub(seconds(request.before_s)),
            until: now + after,
            over: Instant::now() + after,
            rule: request.rule,
            done: request.done.into_iter().collect(),
            options,
            size,
        }
    }
}

/// The clips that are being made.
pub(super) struct Clips {
    pending: Vec<Pending>,
    happenings: Sender<Happening>,
    wake: Arc<dyn Fn() + Send + Sync>,
    /// Says which model ran; its other fields are those of the next clip.
    models: RecordingRecord,
    threads: Vec<JoinHandle<()>>,
    /// What copies them.
    copying: Arc<Mutex<Vec<Process>>>,
}

/// How long the end of the program waits for clips that are being written.
const QUIT: Duration = Duration::from_secs(3);

impl Clips {
    pub fn new(happenings: Sender<Happening>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        let models = RecordingRecord::new("clip", &Look::default(), (0, 0), VideoFiles::default());
        Self { pending: Vec::new(), happenings, wake, models, threads: Vec::new(), copying: Arc::default() }
    }

    /// How many wait for their last second.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// The earliest moment that one of them needs.
    pub fn needed(&self) -> Option<Duration> {
        self.pending.iter().map(|pending| pending.from).min()
    }

    /// Notes which model's results are drawn.
    pub fn note_model(&mut self, prediction: &Prediction) {
        if self.models.note_model(Duration::ZERO, prediction) {
            // Of the models before, nothing is kept for long.
            let newest = self.models.models.len() - 1;
            self.models.models.drain(..newest);
        }
    }

    /// Adds a clip. An event of the same rule that comes before the end of the last clip makes that one longer.
    pub fn add(&mut self, pending: Pending) {
        let goes_on = |of: &&mut Pending| {
            of.rule.is_some() && of.rule == pending.rule && pending.until.saturating_sub(of.from) <= LONGEST
        };
        if let Some(same) = self.pending.iter_mut().find(goes_on) {
            same.until = same.until.max(pending.until);
            same.over = same.over.max(pending.over);
            same.done.extend(pending.done);
        } else if self.pending.len() < MOST {
            self.pending.push(pending);
        } else {
            let reason = "too many clips wait already".to_owned();
            self.fail(pending.done, RecordError::Ended { path: PathBuf::new(), reason });
        }
    }

    /// Tells those who asked for a clip why there is none.
    pub fn fail(&self, done: impl IntoIterator<Item = Done>, error: impl Into<Arc<RecordError>>) {
        tell(done, &Err(error.into()), &self.happenings);
        (self.wake)();
    }

    /// What they need is gone.
    pub fn fail_all(&mut self, why: impl Into<Arc<RecordError>>) {
        if self.pending.is_empty() {
            return;
        }
        let why = why.into();
        for pending in std::mem::take(&mut self.pending) {
            self.fail(pending.done, Arc::clone(&why));
        }
    }

    /// Whether none waits or is being written.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Saves those whose time is over; `all`: also the others, with what there is.
    pub fn save(&mut self, ring: &Ring, look: &Look, all: bool) {
        self.threads.retain(|thread| !thread.is_finished());
        // One that is still being started hasn't had the time.
        let begun = ring.begun();
        let is_behind = |over: Instant| begun.is_some_and(|begun| begun.max(over).elapsed() > BEHIND);
        let is_ready =
            |pending: &mut Pending| all || ring.has_until(pending.until) || is_behind(pending.over);
        let ready: Vec<Pending> = self.pending.extract_if(.., is_ready).collect();
        for pending in ready {
            let Some(cut) = ring.cut(pending.from, pending.until) else {
                let why = ring.trouble().unwrap_or_else(|| Arc::new(RecordError::NoFrames));
                self.fail(pending.done, why);
                continue;
            };
            let mut record = self.models.clone();
            (record.size, record.rule) = (pending.size.into(), pending.rule.clone());
            (record.mirrored, record.privacy) = (look.style.mirror, look.privacy.on);
            record.source.clone_from(&look.source);
            record.frames = cut.frames;
            record.made = chrono::Local::now().fixed_offset().into();
            let (happenings, wake) = (self.happenings.clone(), Arc::clone(&self.wake));
            let copying = Arc::clone(&self.copying);
            let work = move || {
                let result = write(&pending, &cut, record, &copying);
                let result = result.map_err(Arc::new);
                if let Ok(path) = &result {
                    let saved = Saved::of_clip(path.clone(), cut.length);
                    let _ = happenings.try_send(Happening::Saved(Box::new(saved)));
                }
                tell(pending.done, &result, &happenings);
                wake();
            };
            match std::thread::Builder::new().name("sightline-clip".into()).spawn(work) {
                Ok(thread) => self.threads.push(thread),
                Err(error) => tracing::error!("no thread for a clip: {error}"),
            }
        }
    }

    /// The program ends: waits a moment for those that are being written.
    pub fn hurry(&mut self) {
        let until = Instant::now() + QUIT;
        while !self.is_idle() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.copying.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Process::kill);
        // With its copy gone, each removes its files.
        let until = Instant::now() + QUIT / 6;
        while !self.is_idle() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Writes a clip's files and returns the video.
fn write(
    pending: &Pending,
    cut: &Cut,
    mut record: RecordingRecord,
    copying: &Mutex<Vec<Process>>,
) -> Result<PathBuf, RecordError> {
    let options = &pending.options;
    let folder = prepare_folder(options.folder.as_deref())?;
    // H.264 can't be put into WebM.
    let container =
        if options.container == super::Container::WebM { super::Container::Mp4 } else { options.container };
    let mut endings = vec![format!(" clip.{}", container.ending())];
    if options.json {
        endings.extend([" clip.json".to_owned(), " clip.jsonl".to_owned()]);
    }
    let paths = reserve(&folder, chrono::Local::now(), &endings)?;
    let mut write = || -> Result<(), RecordError> {
        cut.write(&paths[0], container, |process| {
            copying.lock().unwrap_or_else(PoisonError::into_inner).push(process);
        })?;
        let [video, json, lines] = paths.as_slice() else { return Ok(()) };
        let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        record.files = VideoFiles { annotated: name(video), clean: None, lines: name(lines) };
        record.duration_s = Some((cut.length.as_secs_f64() * 1000.0).round() / 1000.0);
        let unwritable = |path: &PathBuf, e: &std::io::Error| RecordError::unwritable(path, e);
        record.write(json).map_err(|e| unwritable(json, &e))?;
        let mut out = Lines::open(lines).map_err(|e| unwritable(lines, &e))?;
        cut.records.iter().try_for_each(|record| out.add(record)).map_err(|e| unwritable(lines, &e))?;
        out.finish().map_err(|e| unwritable(lines, &e))
    };
    match write() {
        Ok(()) => Ok(paths.into_iter().next().unwrap_or_default()),
        Err(error) => {
            for path in &paths {
                let _ = std::fs::remove_file(path);
            }
            Err(error)
        }
    }
}

fn tell(
    done: impl IntoIterator<Item = Done>,
    result: &Result<PathBuf, Arc<RecordError>>,
    happenings: &Sender<Happening>,
) {
    let mut anybody = false;
    for done in done {
        anybody = true;
        done(result.clone());
    }
    if let (false, Err(error)) = (anybody, result) {
        let _ = happenings.try_send(Happening::ClipFailed(Arc::clone(error)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_whose_encoder_hangs_fails_instead_of_waiting_for_ever() {
        let (happenings, _told) = crossbeam_channel::bounded(64);
        let (sender, answer) = crossbeam_channel::bounded(64);
        let mut clips = Clips::new(happenings, Arc::new(|| {}));
        let done: Done = Box::new(move |result| drop(sender.send(result)));
        let over = Instant::now().checked_sub(Duration::from_secs(30)).expect("an earlier moment");
        clips.add(Pending {
            from: Duration::ZERO,
            until: Duration::from_secs(1),
            over,
            rule: None,
            done: vec![done],
            options: RecordOptions::default(),
            size: (64, 48),
        });
        clips.save(&Ring::hanging(Duration::from_secs(10)), &Look::default(), false);
        assert!(answer.try_recv().is_err(), "it may still start");
        clips.save(&Ring::hanging(Duration::from_secs(30)), &Look::default(), false);
        assert!(answer.try_recv().is_ok_and(|result| result.is_err()));
        assert!(clips.is_idle());
    }
}

//! A camera that can only be read by waiting: a thread of its own reads it, so that [`Source::read`] has a timeout.
//!
//! nokhwa's cameras on macOS and Windows are read this way. This part does not depend on the system and is tested on Linux
//! too, with cameras that follow a script.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::frame::{Frame, YuvMatrix};
use crate::latest::{Closed, LatestReader, LatestWriter, Take, latest};
use crate::source::{Read, Source, SourceError, SourceInfo};

/// Buffers that may wait to be filled again: one is in the slot, one is being filled, one belongs to the caller.
const BUFFERS: usize = 3;
/// How long dropping the source waits until the camera is closed. A driver that hangs is left to the system.
const CLOSING: Duration = Duration::from_millis(300);

/// A camera whose driver has no timeout.
pub(super) trait BlockingCamera {
    /// Waits for the next frame and writes its size, format and data into `into`, reusing the buffer.
    ///
    /// # Errors
    /// What the driver reports. The camera is not read again.
    fn read(&mut self, into: &mut Frame) -> Result<(), String>;
}

/// How long a camera may deliver nothing before it counts as stalled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From opening to the first frame.
    pub first_frame: Duration,
    /// From one frame to the next.
    pub next_frame: Duration,
}

/// An open camera that a thread reads. Dropping it ends the thread, which closes the camera.
#[derive(Debug)]
pub(super) struct CameraReader {
    info: SourceInfo,
    patience: Patience,
    /// The newest frame, or why there will be no more. `None` only while this is dropped.
    frames: Option<LatestReader<Result<Frame, String>>>,
    /// Frames whose buffers can be filled again.
    free: Sender<Frame>,
    /// Disconnected as soon as the thread has closed the camera.
    closed: Receiver<()>,
    /// When the last frame came, or the camera was opened.
    last: Instant,
    has_frame: bool,
}

impl CameraReader {
    /// Starts the thread, which opens the camera with `open` and reads it. An error of `open` is returned by the first read.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start<C: BlockingCamera>(
        info: SourceInfo,
        patience: Patience,
        open: impl FnOnce() -> Result<C, String> + Send + 'static,
    ) -> Result<Self, SourceError> {
        let (writer, frames) = latest();
        let (free, empty) = bounded(BUFFERS);
        let (closing, closed) = bounded(0);
        let work = move || {
            match open() {
                Ok(mut camera) => read_frames(&mut camera, &writer, &empty),
                Err(reason) => drop(writer.put(Err(reason))),
            }
            drop(closing);
        };
        std::thread::Builder::new()
            .name("sightline-camera".into())
            .spawn(work)
            .map_err(|e| SourceError::Camera { name: info.name.clone(), reason: e.to_string() })?;
        Ok(Self {
            info,
            patience,
            frames: Some(frames),
            free,
            closed,
            last: Instant::now(),
            has_frame: false,
        })
    }
}

impl Drop for CameraReader {
    fn drop(&mut self) {
        // The thread sees that nobody takes its frames any more, with the next one at the latest. The camera can be opened
        // again only when it has closed it.
        self.frames = None;
        let _ = self.closed.recv_timeout(CLOSING);
    }
}

impl Source for CameraReader {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, timeout: Duration) -> Result<Read, SourceError> {
        let name = || self.info.name.clone();
        match self.frames.as_ref().map_or(Take::Closed, |frames| frames.take(timeout)) {
            Take::Value(Ok(frame)) => {
                let used = std::mem::replace(into, frame);
                let _ = self.free.try_send(used);
                self.info.size = (into.width, into.height);
                self.last = Instant::now();
                self.has_frame = true;
                Ok(Read::Frame)
            }
            Take::Value(Err(reason)) => Err(SourceError::Camera { name: name(), reason }),
            Take::Closed => Err(SourceError::Unplugged { name: name() }),
            Take::Timeout => {
                let patience =
                    if self.has_frame { self.patience.next_frame } else { self.patience.first_frame };
                if self.last.elapsed() > patience {
                    return Err(SourceError::Stalled { name: name() });
                }
                Ok(Read::Nothing)
            }
        }
    }
}

/// Reads a camera until it fails or nobody takes its frames any more.
fn read_frames(
    camera: &mut impl BlockingCamera,
    frames: &LatestWriter<Result<Frame, String>>,
    empty: &Receiver<Frame>,
) {
    let mut spare = None;
    for sequence in 0.. {
        let mut frame = spare.take().or_else(|| empty.try_recv().ok()).unwrap_or_default();
        let read = camera.read(&mut frame);
        let failed = read.is_err();
        frame.sequence = sequence;
        frame.captured = Instant::now();
        frame.matrix = YuvMatrix::default();
        frame.time_s = None;
        frame.origin = None;
        match frames.replace(read.map(|()| frame)) {
            Ok(old) if !failed => spare = old.and_then(Result::ok),
            Ok(_) | Err(Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use super::*;
    use crate::frame::PixelFormat;
    use crate::source::Pace;

    const PATIENCE: Patience =
        Patience { first_frame: Duration::from_millis(300), next_frame: Duration::from_millis(100) };
    const LONG: Duration = Duration::from_secs(20);

    /// What the camera does at a read; after the last step it goes on sending frames.
    enum Step {
        Frame,
        Fail,
        Wait(Duration),
    }

    struct Scripted {
        steps: std::vec::IntoIter<Step>,
        sent: u8,
        open: Arc<AtomicBool>,
    }

    impl BlockingCamera for Scripted {
        fn read(&mut self, into: &mut Frame) -> Result<(), String> {
            std::thread::sleep(Duration::from_millis(2));
            match self.steps.next() {
                Some(Step::Fail) => return Err("the driver failed".into()),
                Some(Step::Wait(time)) => std::thread::sleep(time),
                Some(Step::Frame) | None => {}
            }
            into.reset(64, 1, PixelFormat::Gray8);
            into.data.fill(self.sent);
            self.sent = self.sent.wrapping_add(1);
            Ok(())
        }
    }

    impl Drop for Scripted {
        fn drop(&mut self) {
            self.open.store(false, Relaxed);
        }
    }

    /// The source, and whether its camera is open.
    fn camera(steps: Vec<Step>) -> (CameraReader, Arc<AtomicBool>) {
        let open = Arc::new(AtomicBool::new(true));
        let camera = Scripted { steps: steps.into_iter(), sent: 0, open: Arc::clone(&open) };
        let info = SourceInfo::new("Scripted", Pace::Live);
        (CameraReader::start(info, PATIENCE, move || Ok(camera)).expect("a thread"), open)
    }

    /// Reads until something other than "nothing yet" comes.
    fn next(source: &mut CameraReader, into: &mut Frame) -> Result<Read, SourceError> {
        let begin = Instant::now();
        loop {
            match source.read(into, Duration::from_millis(10)) {
                Ok(Read::Nothing) => assert!(begin.elapsed() < LONG, "nothing came"),
                other => return other,
            }
        }
    }

    #[test]
    fn a_slow_reader_gets_the_newest_frame() {
        let (mut source, _) = camera(Vec::new());
        let mut frame = Frame::default();
        assert_eq!(next(&mut source, &mut frame), Ok(Read::Frame));
        let first = frame.sequence;
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(next(&mut source, &mut frame), Ok(Read::Frame));
        assert!(frame.sequence > first + 2, "{first} {}", frame.sequence);
        assert_eq!(frame.data, [frame.sequence as u8; 64]);
        assert_eq!(source.info().size, (64, 1));
    }

    #[test]
    fn dropping_the_source_closes_the_camera() {
        for _ in 0..20 {
            let (mut source, open) = camera(Vec::new());
            assert_eq!(next(&mut source, &mut Frame::default()), Ok(Read::Frame));
            assert!(open.load(Relaxed));
            drop(source);
            assert!(!open.load(Relaxed), "the camera is closed when drop returns");
        }
    }

    #[test]
    fn dropping_the_source_does_not_wait_for_a_driver_that_hangs() {
        let (source, open) = camera(vec![Step::Wait(Duration::from_secs(2))]);
        std::thread::sleep(Duration::from_millis(20));
        let begin = Instant::now();
        drop(source);
        assert!(begin.elapsed() < Duration::from_secs(1), "it took {:?}", begin.elapsed());
        while open.load(Relaxed) {
            assert!(begin.elapsed() < LONG, "the camera was never closed");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn an_error_of_the_driver_is_passed_on_with_the_name_of_the_camera() {
        let (mut source, open) = camera(vec![Step::Frame, Step::Fail]);
        let mut last = next(&mut source, &mut Frame::default());
        while last == Ok(Read::Frame) {
            last = next(&mut source, &mut Frame::default());
        }
        let failed = SourceError::Camera { name: "Scripted".into(), reason: "the driver failed".into() };
        assert_eq!(last, Err(failed));
        drop(source);
        assert!(!open.load(Relaxed));
        let refused = |reason: &str| {
            let reason = reason.to_owned();
            let open = move || Err::<Scripted, _>(reason);
            CameraReader::start(SourceInfo::new("Scripted", Pace::Live), PATIENCE, open).expect("a thread")
        };
        let answer = next(&mut refused("no permission"), &mut Frame::default());
        assert!(matches!(answer, Err(SourceError::Camera { reason, .. }) if reason == "no permission"));
    }

    #[test]
    fn a_camera_that_stops_sending_has_stalled() {
        for steps in
            [vec![Step::Wait(Duration::from_secs(1))], vec![Step::Frame, Step::Wait(Duration::from_secs(1))]]
        {
            let (mut source, _) = camera(steps);
            let begin = Instant::now();
            let mut last = next(&mut source, &mut Frame::default());
            while last == Ok(Read::Frame) {
                last = next(&mut source, &mut Frame::default());
            }
            assert_eq!(last, Err(SourceError::Stalled { name: "Scripted".into() }));
            assert!(begin.elapsed() >= PATIENCE.next_frame);
        }
    }

    #[test]
    fn the_same_buffers_go_round() {
        let (mut source, _) = camera(Vec::new());
        let mut frame = Frame::default();
        let mut buffers = std::collections::HashSet::new();
        for _ in 0..100 {
            assert_eq!(next(&mut source, &mut frame), Ok(Read::Frame));
            buffers.insert(frame.data.as_ptr() as usize);
        }
        assert!(buffers.len() <= BUFFERS + 2, "{} buffers", buffers.len());
    }
}

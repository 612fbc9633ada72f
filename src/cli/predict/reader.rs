//! Reads and decodes the frames of the sources ahead of the model, on a thread of its own.
//!
//! Everything is bounded: at most [`AHEAD`] frames wait for the model, and their buffers come back to be filled again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::frame::convert::Decoder;
use crate::frame::{Frame, PixelFormat};
use crate::source::{self, Address, CameraRequest, Pace, Read, Source, SourceError, SourceInfo};

/// Frames that are decoded ahead of the model.
const AHEAD: usize = 2;
/// How long one read waits before the thread checks whether to stop.
const READ_TIMEOUT: Duration = Duration::from_millis(100);

/// A live source that has sent nothing but damaged frames for so long is at fault, and is given up.
const DAMAGED: Duration = Duration::from_secs(3);

/// What comes from the sources, in order.
#[derive(Debug)]
pub enum Delivery {
    /// A source is open: what the user calls it, and what is known of it.
    Opened(String, SourceInfo),
    /// Its next frame, decoded.
    Frame {
        /// RGBA, or any uncompressed format if the frame is not shown to anybody.
        frame: Frame,
        /// Milliseconds of reading and decoding; for a live source decoding alone, as reading means waiting.
        decode_ms: f32,
    },
    /// A source, or one of its frames, can't be read. Other frames of it may follow.
    Failed(SourceError),
    /// The source is done: it has no more frames, failed, or enough were read.
    Ended,
}

/// The reading thread.
#[derive(Debug)]
pub struct Reader {
    /// What comes from the sources; closed when all are done.
    pub deliveries: Receiver<Delivery>,
    spent: Sender<Frame>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts reading the sources one after the other, at most `max_frames` of each. Unless they are `shown`, frames of
    /// uncompressed formats are passed on as they are.
    ///
    /// # Errors
    /// Why the system gives no thread.
    pub fn start(addresses: Vec<Address>, max_frames: Option<u64>, shown: bool) -> std::io::Result<Self> {
        let (to_model, deliveries) = bounded(AHEAD);
        let (spent, spare) = bounded(AHEAD + 4);
        let stop = Arc::new(AtomicBool::new(false));
        let decoder = Decoder::default();
        let worker = Worker { to_model, spare, stop: Arc::clone(&stop), max_frames, shown, decoder };
        let thread = std::thread::Builder::new().name("read".into()).spawn(move || worker.run(&addresses))?;
        Ok(Self { deliveries, spent, stop, thread: Some(thread) })
    }

    /// Where frames go that are done with; their buffers are filled again.
    #[must_use]
    pub fn spent(&self) -> Sender<Frame> {
        self.spent.clone()
    }
}

impl Drop for Reader {
    /// Stops reading. A source that hangs (in a camera's driver) is abandoned after a second.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Closing the channel wakes a thread that waits for room in it.
        let (_, closed) = bounded(0);
        self.deliveries = closed;
        let Some(thread) = self.thread.take() else { return };
        let deadline = Instant::now() + Duration::from_secs(1);
        while !thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        if thread.is_finished() && thread.join().is_err() {
            tracing::error!("the reading thread panicked");
        }
    }
}

/// Gives a frame's buffer back. If enough are spare, it is freed.
pub fn give_back(spent: &Sender<Frame>, frame: Frame) {
    if let Err(TrySendError::Full(frame) | TrySendError::Disconnected(frame)) = spent.try_send(frame) {
        drop(frame);
    }
}

struct Worker {
    to_model: Sender<Delivery>,
    spare: Receiver<Frame>,
    stop: Arc<AtomicBool>,
    max_frames: Option<u64>,
    /// The pixels are needed for an image, not only for the model.
    shown: bool,
    decoder: Decoder,
}

/// The receiver is gone, so reading on is useless.
struct Unwanted;

impl Worker {
    fn run(mut self, addresses: &[Address]) {
        let mut raw = Frame::default();
        for address in addresses {
            if self.read_all(address, &mut raw).is_err() {
                return;
            }
        }
    }

    fn read_all(&mut self, address: &Address, raw: &mut Frame) -> Result<(), Unwanted> {
        match source::open(address, &CameraRequest::default()) {
            Ok(mut source) => self.read_source(source.as_mut(), address, raw),
            Err(error) => {
                self.send(Delivery::Failed(error))?;
                self.send(Delivery::Ended)
            }
        }
    }

    fn read_source(
        &mut self,
        source: &mut dyn Source,
        address: &Address,
        raw: &mut Frame,
    ) -> Result<(), Unwanted> {
        let mut damaged_since = None;
        let live = source.info().pace == Pace::Live;
        self.send(Delivery::Opened(address.to_string(), source.info().clone()))?;
        let mut count = 0;
        while self.max_frames.is_none_or(|max| count < max) {
            if self.stop.load(Ordering::SeqCst) {
                return Err(Unwanted);
            }
            let begun = Instant::now();
            match source.read(raw, READ_TIMEOUT) {
                Ok(Read::Frame) => {}
                Ok(Read::Nothing) => continue,
                Ok(Read::End) => break,
                Err(error) => {
                    self.fail(error)?;
                    break;
                }
            }
            let begun = if live { Instant::now() } else { begun };
            let mut frame = self.spare.try_recv().unwrap_or_default();
            // A frame that is not shown need not become RGBA: the input stage converts the rows that it reads.
            let as_it_is =
                raw.format == PixelFormat::Rgba8 || (!self.shown && raw.format != PixelFormat::Mjpeg);
            if as_it_is && raw.is_whole() {
                std::mem::swap(raw, &mut frame);
            } else if let Err(error) = self.decoder.decode(raw, &mut frame) {
                tracing::warn!("frame {} of {address} can't be decoded: {error}", raw.sequence);
                if live && damaged_since.get_or_insert(begun).elapsed() >= DAMAGED {
                    self.fail(SourceError::Damaged { name: source.info().name.clone() })?;
                    break;
                }
                continue;
            } else {
                frame.copy_stamp_from(raw);
            }
            damaged_since = None;
            let decode_ms = begun.elapsed().as_secs_f32() * 1e3;
            self.send(Delivery::Frame { frame, decode_ms })?;
            count += 1;
        }
        self.send(Delivery::Ended)
    }

    /// Passes an error on, unless reading was stopped: Ctrl-C on a terminal also ends the programs that a source reads from,
    /// perhaps a moment before this program hears of it.
    fn fail(&self, error: SourceError) -> Result<(), Unwanted> {
        std::thread::sleep(Duration::from_millis(20));
        self.send(Delivery::Failed(error))
    }

    fn send(&self, delivery: Delivery) -> Result<(), Unwanted> {
        if self.stop.load(Ordering::SeqCst) {
            return Err(Unwanted);
        }
        self.to_model.send(delivery).map_err(|_| Unwanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera that sends whole frames between damaged ones, a hundred a second; at last only damaged ones.
    struct Camera {
        info: SourceInfo,
        sent: u64,
        whole: u64,
    }

    impl Source for Camera {
        fn info(&self) -> &SourceInfo {
            &self.info
        }

        fn read(&mut self, into: &mut Frame, _: Duration) -> Result<Read, SourceError> {
            std::thread::sleep(Duration::from_millis(10));
            self.sent += 1;
            if self.sent.is_multiple_of(2) && self.sent <= self.whole {
                *into = Frame::filled(8, 8, [9; 4]);
            } else {
                *into = Frame {
                    format: PixelFormat::Mjpeg,
                    data: b"no JPEG".to_vec(),
                    ..Frame::filled(8, 8, [0; 4])
                };
            }
            into.sequence = self.sent;
            Ok(Read::Frame)
        }
    }

    #[test]
    fn a_camera_that_sends_only_damaged_frames_is_given_up() {
        let (to_model, deliveries) = bounded(100);
        let (_, spare) = bounded(1);
        let stop = Arc::default();
        let mut worker =
            Worker { to_model, spare, stop, max_frames: Some(90), shown: true, decoder: Decoder::default() };
        let mut camera = Camera { info: SourceInfo::new("Webcam", Pace::Live), sent: 0, whole: 100 };
        let begin = Instant::now();
        assert!(worker.read_source(&mut camera, &Address::AnyCamera, &mut Frame::default()).is_ok());
        assert!((DAMAGED..DAMAGED * 4).contains(&begin.elapsed()), "{:?}", begin.elapsed());
        drop(worker);
        let all: Vec<Delivery> = deliveries.iter().collect();
        let frames = all.iter().filter(|one| matches!(one, Delivery::Frame { .. })).count();
        assert_eq!(frames, 50, "damaged frames between whole ones are left out");
        let [.., Delivery::Failed(SourceError::Damaged { name }), Delivery::Ended] = &all[..] else {
            panic!("{all:?}")
        };
        assert_eq!(name, "Webcam");
    }
}

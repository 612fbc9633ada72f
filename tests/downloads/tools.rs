//! Helpers that the tests of downloads share.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::Digest as _;
use sightline::library::download::{
    DownloadError, Downloaded, Downloads, Failure, Job, Options, Progress, Sha256, State, Ticket,
};

/// Longer than any test takes; only a hang reaches it.
pub const LONG: Duration = Duration::from_secs(30);

/// Pseudo-random numbers, the same every time (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Bytes that begin as an ONNX file does.
pub fn content(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut bytes = vec![8, 8, 0x12, 0x07];
    while bytes.len() < length {
        bytes.extend(random.next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

pub fn sha256(bytes: &[u8]) -> Sha256 {
    Sha256(sha2::Sha256::digest(bytes).into())
}

/// Short waits, nothing kept free.
pub fn quick() -> Options {
    Options {
        attempts: 4,
        wait: Duration::from_millis(4),
        longest_wait: Duration::from_secs(2),
        connect_timeout: Duration::from_secs(5),
        idle_timeout: LONG,
        margin: 0,
        ..Options::default()
    }
}

/// A folder to download into, and the downloads.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub downloads: Downloads,
}

impl Place {
    pub fn new(options: Options) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), downloads: Downloads::new(options, || ()) }
    }

    /// As after a new start of the program.
    pub fn restart(&mut self, options: Options) {
        self.downloads = Downloads::new(options, || ());
    }

    pub fn target(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn job(&self, address: &str) -> Job {
        Job::new("model", address, self.target("m.onnx"))
    }

    pub fn run(&self, job: Job) -> Result<Arc<Downloaded>, Arc<Failure>> {
        let ticket = self.downloads.add(job).unwrap();
        match self.downloads.wait(ticket, LONG) {
            Some(State::Done(downloaded)) => Ok(downloaded),
            Some(State::Failed(failure)) => Err(failure),
            other => panic!("it hangs: {other:?} {:?}", self.downloads),
        }
    }

    /// Runs a job that must fail and leave nothing.
    pub fn fails(&self, job: Job) -> DownloadError {
        let failure = self.run(job).unwrap_err();
        assert_eq!(failure.partial, None, "{failure}");
        assert_eq!(self.files(), BTreeSet::new(), "{failure}");
        let text = failure.to_string();
        assert!(text.ends_with('.') && !failure.fix().is_empty(), "{text}");
        assert!(!text.contains('\n') && text.len() < 500, "{text}");
        failure.error.clone()
    }

    /// Names of all files in the folder.
    pub fn files(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    pub fn progress(&self, ticket: Ticket) -> Option<Progress> {
        match self.downloads.state(ticket) {
            Some(State::Running(running)) => Some(running.progress()),
            _ => None,
        }
    }
}

/// Waits until a condition holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "never: {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// A zip with these files.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn part(target: &Path) -> PathBuf {
    target.with_added_extension("part")
}

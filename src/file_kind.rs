//! What a path leads to when it isn't the image, video or model that was expected: for error messages.

use std::fs::{File, FileType, Metadata};
use std::io::Read as _;
use std::path::Path;

/// How much of a file is looked at.
const HEAD: u64 = 1024;

/// A kind of file, or of something else that has a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Folder,
    /// A named pipe (FIFO).
    Pipe,
    Socket,
    /// A character or block device.
    Device,
    Text,
    WebPage,
    Pdf,
    /// A zip archive; office documents and `PyTorch` models are zip archives, too.
    Zip,
    /// An archive of another format.
    Archive,
    /// A file with sound and no picture.
    Sound,
    Program,
}

impl FileKind {
    /// What is at this path unless it is a regular file. Never opens it: opening a pipe waits until somebody writes into it.
    #[must_use]
    pub fn unless_file(metadata: &Metadata) -> Option<Self> {
        if metadata.is_file() {
            return None;
        }
        Some(if metadata.is_dir() { Self::Folder } else { special(metadata.file_type()) })
    }

    /// What is at this path, by its first bytes; `None` if it isn't there or is none of the kinds that are told apart here.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        if let Some(kind) = Self::unless_file(&metadata) {
            return Some(kind);
        }
        let mut head = Vec::new();
        File::open(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
        Self::of_bytes(&head)
    }

    /// What begins with these bytes. A playlist of videos is none of the kinds.
    fn of_bytes(head: &[u8]) -> Option<Self> {
        const SIGNATURES: [(&[u8], FileKind); 12] = [
            (b"%PDF-", FileKind::Pdf),
            (b"PK\x03\x04", FileKind::Zip),
            (b"\x1f\x8b", FileKind::Archive),
            (b"7z\xbc\xaf\x27\x1c", FileKind::Archive),
            (b"Rar!", FileKind::Archive),
            (b"\xfd7zXZ\0", FileKind::Archive),
            (b"BZh", FileKind::Archive),
            (b"\x28\xb5\x2f\xfd", FileKind::Archive),
            (b"ID3", FileKind::Sound),
            (b"fLaC", FileKind::Sound),
            (b"\x7fELF", FileKind::Program),
            (b"MZ", FileKind::Program),
        ];
        if let Some((_, kind)) = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
            return Some(*kind);
        }
        if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WAVE") {
            return Some(Self::Sound);
        }
        let text = text(head)?.trim_start().to_ascii_lowercase();
        let playlists = ["#extm3u", "ffconcat", "v=0"];
        if playlists.iter().any(|start| text.starts_with(start)) || text.contains("<mpd") {
            return None;
        }
        let is_page = text.starts_with("<!doctype html") || text.starts_with("<html");
        Some(if is_page { Self::WebPage } else { Self::Text })
    }

    /// Its name within an English sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Folder => "a folder",
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Text => "a text file",
            Self::WebPage => "a web page",
            Self::Pdf => "a PDF document",
            Self::Zip => "a zip archive",
            Self::Archive => "an archive",
            Self::Sound => "a sound file",
            Self::Program => "a program",
        }
    }
}

#[cfg(unix)]
fn special(kind: FileType) -> FileKind {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        FileKind::Pipe
    } else if kind.is_socket() {
        FileKind::Socket
    } else {
        FileKind::Device
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> FileKind {
    FileKind::Device
}

/// The bytes as text, if they are the beginning of one: UTF-8 without control characters besides white space.
fn text(head: &[u8]) -> Option<&str> {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let plain = |c: char| !c.is_control() || c.is_whitespace() || c == '\u{1b}';
    (!valid.is_empty() && valid.chars().all(plain)).then_some(valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_the_first_bytes() {
        let long = "猫".repeat(400);
        let cut = &long.as_bytes()[..1000];
        for (head, kind) in [
            (&b"buy milk\n"[..], Some(FileKind::Text)),
            (cut, Some(FileKind::Text)),
            (b"\n<!DOCTYPE html><title>", Some(FileKind::WebPage)),
            (b"%PDF-1.7\n%\xe2", Some(FileKind::Pdf)),
            (b"PK\x03\x04\x14\0", Some(FileKind::Zip)),
            (b"RIFF\0\0\0\0WAVEfmt ", Some(FileKind::Sound)),
            (b"RIFF\0\0\0\0AVI LIST", None),
            (b"\0\0\0\x20ftypisom", None),
            (b"#EXTM3U\n#EXTINF:2,\na.ts\n", None),
            (b"ffconcat version 1.0\nfile a.mp4\n", None),
            (b"v=0\no=- 0 0 IN IP4 127.0.0.1\n", None),
            (b"", None),
        ] {
            assert_eq!(FileKind::of_bytes(head), kind, "{head:?}");
        }
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(FileKind::of(folder.path()), Some(FileKind::Folder));
        assert_eq!(FileKind::of(&folder.path().join("none")), None);
    }

    /// Opening the pipe would never return.
    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        assert_eq!(FileKind::of(&pipe), Some(FileKind::Pipe));
        assert_eq!(FileKind::of(&folder.path().join("socket")), Some(FileKind::Socket));
        assert_eq!(FileKind::of(Path::new("/dev/zero")), Some(FileKind::Device));
    }
}

//! The sources that the command line names.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;

use super::failure::Failure;
use crate::engine::MAX_COMPARED;
use crate::file_kind::FileKind;
use crate::library::{Catalogue, ModelEntry, inventory};
use crate::source::address::typed_path;
use crate::source::{Address, SourceError, camera};

/// The address of a command's only source. `typed` is the text before the name of a model in that command.
pub(super) fn one(word: &OsStr, typed: &str) -> Result<Address, Failure> {
    if is_model(word) {
        return Err(a_model(word, &format!("{typed} {}", quoted(word))));
    }
    Ok(address(word)?)
}

/// What the window is to open: one source, and models.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Opened {
    pub source: Option<Address>,
    pub models: Vec<PathBuf>,
}

/// What the words after the program's name are to the window, as for media viewers: a source, or several images, and
/// models by their files or names.
pub(super) fn opened(words: &[OsString]) -> Result<Opened, Failure> {
    let (models, others) = split(words);
    let sources = others.iter().map(|word| source_of(word)).collect::<Result<Vec<_>, _>>()?;
    let source = match &sources[..] {
        [] => None,
        [source] => Some(source.clone()),
        several => {
            let images = several.iter().map(|source| match source {
                Address::Image(path) => Some(path.clone()),
                _ => None,
            });
            let Some(images) = images.collect() else {
                return Err(Failure::usage(
                    "Several sources are named, and the window shows one at a time.",
                    "Name one video, folder, camera or address, or several images.",
                ));
            };
            Some(Address::Images(images))
        }
    };
    Ok(Opened { source, models })
}

/// The source that a word after the program's name means. A word that could only be the name of a camera must be one: it may
/// be a mistyped command.
fn source_of(word: &OsStr) -> Result<Address, Failure> {
    let address = address(word)?;
    match &address {
        Address::Camera { name, .. }
            if !name.starts_with("/dev/video") && camera::find(&camera::list(), &address).is_err() =>
        {
            Err(Failure::usage(
                format!("\u{201c}{name}\u{201d} is no file, folder, camera, network address or command."),
                match command_like(name) {
                    Some(command) => format!("Did you mean \u{201c}sightline {command}\u{201d}?"),
                    None => "\u{201c}sightline --help\u{201d} lists the commands, \u{201c}sightline cameras\u{201d} the cameras."
                        .to_owned(),
                },
            ))
        }
        // A sound file may hold the picture of an album.
        Address::Video(path) => match FileKind::of(path).filter(|kind| *kind != FileKind::Sound) {
            Some(kind) => Err(SourceError::NotMedia { path: path.clone(), kind }.into()),
            None => Ok(address),
        },
        _ => Ok(address),
    }
}

/// The command that was probably meant by a word.
fn command_like(word: &str) -> Option<String> {
    let likeness = |name: &str| strsim::jaro_winkler(name, &word.to_lowercase());
    let commands = <super::Cli as clap::CommandFactory>::command();
    let names = commands.get_subcommands().map(|command| command.get_name().to_owned());
    names.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|name| likeness(name) > 0.85)
}

/// What the words of `predict` and `compare` name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub addresses: Vec<Address>,
    /// Files and names of models.
    pub models: Vec<PathBuf>,
    /// A source is missing; that has been reported.
    pub missing: bool,
}

/// The sources and models that the words name. A missing source is reported and the others go on. A source that can't be
/// understood is wrong usage.
pub(super) fn all(words: &[OsString]) -> Result<Named, Failure> {
    let (models, sources) = split(words);
    let mut named = Named { models, ..Named::default() };
    for word in &sources {
        match address(word) {
            Ok(address) => named.addresses.push(address),
            Err(error @ SourceError::Unknown { .. }) => return Err(error.into()),
            Err(error) => {
                let _ = Failure::from(error).report();
                named.missing = true;
            }
        }
    }
    if sources.is_empty() {
        return Err(Failure::usage(
            "A model is named, and no image, video or camera for it.",
            "Name one besides the model; \u{201c}pattern\u{201d} is a moving test pattern.",
        ));
    }
    Ok(named)
}

/// Parts words into models and sources. A model is an ONNX file, or a name of the library or the catalogue that no file,
/// folder or camera has.
fn split(words: &[OsString]) -> (Vec<PathBuf>, Vec<&OsString>) {
    let mut names: Option<Names> = None;
    let mut is_name = |word: &OsStr| {
        let Some(text) = word.to_str() else { return false };
        let nothing_else = match address(word) {
            Ok(address @ Address::Camera { .. }) => {
                !text.starts_with("/dev/") && camera::find(&camera::list(), &address).is_err()
            }
            // Names hold dots, too.
            Err(SourceError::NoFile { .. }) => Path::new(text).components().count() == 1,
            _ => false,
        };
        nothing_else && names.get_or_insert_with(Names::load).hold(text)
    };
    let (models, sources): (Vec<&OsString>, Vec<&OsString>) =
        words.iter().partition(|word| is_model(word) || is_name(word));
    let path = |word: &OsString| word.to_str().map_or_else(|| word.into(), typed_path);
    (models.into_iter().map(path).collect(), sources)
}

/// The names that models have.
struct Names {
    here: Vec<ModelEntry>,
    catalogue: Arc<Catalogue>,
}

impl Names {
    fn load() -> Self {
        let catalogue = Arc::new(Catalogue::load());
        let here = super::models::load_inventory(&catalogue).entries();
        Self { here, catalogue }
    }

    fn hold(&self, name: &str) -> bool {
        inventory::find(&self.here, name).is_some() || self.catalogue.find(name).is_some()
    }
}

/// The command that runs these models on these sources.
pub(super) fn comparing(words: &[OsString], models: &[PathBuf]) -> String {
    let (_, sources) = split(words);
    let source = if let [source] = sources[..] { quoted(source) } else { "SOURCE".into() };
    let mut typed = format!("sightline compare {source}");
    for model in models.iter().take(MAX_COMPARED) {
        typed.push_str(" --model ");
        typed.push_str(&quoted(model.as_os_str()));
    }
    typed
}

/// The address that a word names. A file's name may hold any bytes.
fn address(word: &OsStr) -> Result<Address, SourceError> {
    if let Some(text) = word.to_str() {
        return Address::from_str(text);
    }
    let path = Path::new(word);
    if path.exists() { Ok(Address::from_path(path)) } else { Err(SourceError::NoFile { path: path.into() }) }
}

/// Whether a word names a model file. A folder may have any name.
fn is_model(word: &OsStr) -> bool {
    let path = Path::new(word);
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")) && !path.is_dir()
}

/// The failure for a model in the place of a source; `typed` is the command as it should be.
fn a_model(word: &OsStr, typed: &str) -> Failure {
    let name = word.to_string_lossy();
    let fix = if name.contains("://") {
        "Download it, then name its file as the model.".to_owned()
    } else {
        format!("Name it as the model:  {typed}")
    };
    Failure::usage(format!("\u{201c}{name}\u{201d} is a model, not an image or video."), fix)
}

/// A word as it is typed in a shell.
fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "._-+/:@%,=".contains(c);
    if text.chars().all(plain) { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_leaves_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("a.png");
        std::fs::write(&there, "").unwrap();
        let words = [there.clone().into_os_string(), dir.path().join("b.png").into_os_string()];
        let named = Named { addresses: vec![Address::Image(there)], missing: true, ..Named::default() };
        assert_eq!(all(&words).unwrap(), named);
        assert!(matches!(all(&["pattern:0x0".into()]), Err(Failure::Usage { .. })));
    }

    #[test]
    fn the_window_opens_sources_and_models_as_viewers_do() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, "").unwrap();
            path
        };
        let (video, a, b, model) = (file("v.mp4"), file("a.png"), file("b.jpg"), file("m.onnx"));
        let of = |words: &[&Path]| opened(&words.iter().map(OsString::from).collect::<Vec<_>>());
        let source = |source| Opened { source: Some(source), models: Vec::new() };
        assert_eq!(of(&[&video]).unwrap(), source(Address::Video(video.clone())));
        assert_eq!(of(&[dir.path()]).unwrap(), source(Address::Folder(dir.path().into())));
        assert_eq!(of(&[&a, &b]).unwrap(), source(Address::Images(vec![a.clone(), b])));
        let uri = format!("file://{}", a.display());
        assert_eq!(
            of(&[uri.as_ref()]).unwrap(),
            source(Address::Image(a.clone())),
            "as a file manager gives it"
        );
        let stream = "rtsp://10.0.0.2/cam";
        assert_eq!(of(&[stream.as_ref()]).unwrap(), source(Address::Stream(stream.into())));
        let with_model = Opened { source: Some(Address::Video(video.clone())), models: vec![model.clone()] };
        assert_eq!(of(&[&model, &video]).unwrap(), with_model);
        let device = Address::Camera { name: "/dev/video99".into(), bus: None };
        assert_eq!(of(&["/dev/video99".as_ref()]).unwrap(), source(device), "the window waits for it");
        let notes = file("notes.txt");
        std::fs::write(&notes, "buy milk").unwrap();
        let Err(Failure::Failed { message, .. }) = of(&[&notes]) else { panic!("a text file") };
        assert!(message.contains("is a text file, not an image or a video"), "{message}");
        assert!(matches!(of(&[&video, &a]), Err(Failure::Usage { .. })), "two sources");
        let Err(Failure::Usage { message, fix }) = of(&["predct".as_ref()]) else {
            panic!("a mistyped command")
        };
        assert!(message.contains("predct") && fix.contains("sightline predict"), "{message} {fix}");
        assert!(matches!(of(&[&dir.path().join("none.mp4")]), Err(Failure::Failed { .. })));
    }

    #[test]
    fn a_name_of_the_catalogue_is_a_model_unless_a_file_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let photo = dir.path().join("a.png");
        std::fs::write(&photo, "").unwrap();
        let words = [photo.clone().into_os_string(), "yolox-nano".into(), "some camera".into()];
        let (models, sources) = split(&words);
        assert_eq!(models, [PathBuf::from("yolox-nano")]);
        assert_eq!(sources, [&words[0], &words[2]]);
        assert!(matches!(all(&["yolox-nano".into()]), Err(Failure::Usage { .. })), "nothing to run it on");
    }

    #[test]
    fn a_folder_that_is_called_like_a_model_is_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("yolo.onnx");
        std::fs::create_dir(&folder).unwrap();
        let words = [folder.clone().into_os_string()];
        assert_eq!(
            all(&words).unwrap(),
            Named { addresses: vec![Address::Folder(folder)], ..Named::default() }
        );
    }

    #[test]
    fn a_model_elsewhere_is_to_be_downloaded() {
        let refused = one("https://example.org/a.onnx".as_ref(), "sightline bench");
        assert!(matches!(refused, Err(Failure::Usage { fix, .. }) if fix.starts_with("Download it")));
    }
}

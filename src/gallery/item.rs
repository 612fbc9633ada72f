//! An item of the gallery, and which files are one.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use chrono::{DateTime, Local, NaiveDateTime, TimeZone as _};

use super::details::Details;
use crate::source::address::IMAGE_EXTENSIONS;

/// Endings of videos that are listed.
const VIDEOS: [&str; 7] = ["mp4", "mkv", "webm", "mov", "avi", "m4v", "ts"];
/// What the names of snapshots and recordings begin with, before the time.
const NAME: &str = "Sightline ";
/// The time in names.
const TIME: &str = "%Y-%m-%d %H.%M.%S";
/// The length of a time in names.
const TIME_LENGTH: usize = 19;

/// What an item is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    #[default]
    Image,
    Video,
    /// A video that a rule recorded.
    Clip,
    /// Several models' results in one image.
    Comparison,
}

impl Kind {
    /// Every kind, as lists show them.
    pub const ALL: [Self; 4] = [Self::Image, Self::Video, Self::Clip, Self::Comparison];

    /// Whether it moves.
    #[must_use]
    pub fn is_video(self) -> bool {
        matches!(self, Self::Video | Self::Clip)
    }
}

/// What is wrong with an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Only its record is there.
    NoPicture,
    /// The picture has no bytes.
    Empty,
    /// The record can't be read: why, as the end of a sentence.
    BadRecord(String),
}

/// A file as a folder lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Milliseconds since 1970.
    pub(super) modified: i64,
}

impl Listed {
    /// The file at `path`, whose name is this.
    pub(super) fn of(name: String, path: &Path) -> std::io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        if !meta.is_file() {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let modified = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or_default());
        Ok(Self { name, bytes: meta.len(), modified })
    }
}

/// What was saved at a time: files that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// Tells it from others as long as its name is the same.
    pub id: u64,
    pub folder: PathBuf,
    /// The part of the names that its files share.
    pub name: String,
    pub kind: Kind,
    /// With what was found drawn on it.
    pub annotated: Option<PathBuf>,
    pub clean: Option<PathBuf>,
    /// What was found: JSON of an image, JSON Lines of a video.
    pub record: Option<PathBuf>,
    /// What is known of a video as a whole, as JSON.
    pub about: Option<PathBuf>,
    /// Images of objects, and what else has its name.
    pub others: Vec<PathBuf>,
    /// When it was saved, in milliseconds since 1970.
    pub time: i64,
    /// Of all files.
    pub bytes: u64,
    /// The bytes of its picture, and when it was changed, in milliseconds since 1970.
    pub stamp: (u64, i64),
    pub details: Arc<Details>,
    pub trouble: Option<Trouble>,
}

impl Item {
    /// The picture or video to show.
    #[must_use]
    pub fn picture(&self) -> Option<&Path> {
        self.annotated.as_deref().or(self.clean.as_deref()).or(self.others.first().map(PathBuf::as_path))
    }

    /// All files, the picture first.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let one = [&self.annotated, &self.clean, &self.record, &self.about].into_iter().flatten();
        one.chain(&self.others).cloned().collect()
    }

    /// When it was saved, in local time.
    #[must_use]
    pub fn local_time(&self) -> DateTime<Local> {
        Local.timestamp_millis_opt(self.time).earliest().unwrap_or_default()
    }

    /// The text of its picture's key among thumbnails.
    pub(super) fn key(&self) -> Option<String> {
        let path = self.picture()?;
        let mut hasher = DefaultHasher::new();
        (path, self.stamp).hash(&mut hasher);
        Some(format!("{:016x}", hasher.finish()))
    }
}

/// The parts of a file's name.
struct Name<'a> {
    stem: &'a str,
    ending: String,
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let (stem, ending) = name.rsplit_once('.')?;
        (!stem.is_empty()).then(|| Self { stem, ending: ending.to_lowercase() })
    }

    fn is_video(&self) -> bool {
        VIDEOS.contains(&self.ending.as_str()) || self.ending == "jsonl"
    }

    fn is_record(&self) -> bool {
        matches!(self.ending.as_str(), "json" | "jsonl")
    }

    fn is_listed(&self) -> bool {
        self.is_video() || self.is_record() || IMAGE_EXTENSIONS.contains(&self.ending.as_str())
    }
}

/// The time that a name tells, in milliseconds since 1970, and the length of the part up to it, with its number.
fn time_of(stem: &str) -> Option<(i64, usize)> {
    let text = stem.strip_prefix(NAME)?.get(..TIME_LENGTH)?;
    let time = NaiveDateTime::parse_from_str(text, TIME).ok()?;
    let time = Local.from_local_datetime(&time).earliest()?;
    let mut length = NAME.len() + TIME_LENGTH;
    let rest = &stem[length..];
    if let Some(number) = rest.strip_prefix(" (").and_then(|rest| rest.split_once(')'))
        && number.0.bytes().all(|byte| byte.is_ascii_digit())
    {
        length += number.0.len() + 3;
    }
    Some((time.timestamp_millis(), length))
}

/// Whether a name that goes on so after a record's is one that is saved with it: the clean image, or an object's ("person-1",
/// "sports ball-3-2"). Whatever else begins in the same way is another file of the user.
fn is_part(rest: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_object = |object: &str| {
        // A number in brackets belongs to the name.
        !object.starts_with('(')
            && object.rsplit_once('-').is_some_and(|(class, n)| !class.is_empty() && number(n))
    };
    rest.is_empty() || rest == " clean" || rest.strip_prefix(' ').is_some_and(is_object)
}

/// Whether a name that goes on so after a record's, and that [`is_part`] takes for an object's, is that of an object of one of these
/// classes.
fn is_object_of<'a>(rest: &str, mut classes: impl Iterator<Item = &'a String>) -> bool {
    // As snapshots name their objects.
    let plain =
        |text: &str| text.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect::<String>();
    let rest = plain(rest.trim_start());
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    classes.any(|class| {
        let class: String = plain(class).chars().take(40).collect();
        let numbers = rest.strip_prefix(&class).and_then(|rest| rest.strip_prefix('-'));
        numbers.is_some_and(|numbers| numbers.split('-').count() <= 2 && numbers.split('-').all(is_number))
    })
}

/// Takes out of an item what only looks like the image of an object, as its record, which was read, knows no such class: each is
/// an item of its own. They stay when the item is deleted or renamed.
pub(super) fn strangers(item: &mut Item) -> Vec<Item> {
    // The name that the program gave says enough.
    if item.record.is_none() || time_of(&item.name).is_some() {
        return Vec::new();
    }
    let (name, details, is_video) = (&item.name, &item.details, item.kind.is_video());
    let others: Vec<PathBuf> = item
        .others
        .extract_if(.., |path| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let rest = stem.strip_prefix(name.as_str()).unwrap_or_default();
            rest.starts_with(' ')
                && rest != " clean"
                && (is_video || !is_object_of(rest, details.classes.keys()))
        })
        .collect();
    let mut items = Vec::new();
    for path in others {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(listed) = Listed::of(name, &path) else { continue };
        item.bytes = item.bytes.saturating_sub(listed.bytes);
        items.extend(group(&item.folder, &[listed]));
    }
    items
}

/// The name that the files of an item share, for a file of this stem; `owners` are the stems of records.
fn base_of<'a>(stem: &'a str, owners: &BTreeSet<&'a str>) -> &'a str {
    // The longest part before a space that is a record's name.
    let mut end = stem.len();
    loop {
        if owners.contains(&stem[..end]) && is_part(&stem[end..]) {
            return &stem[..end];
        }
        match stem[..end].rfind(' ') {
            Some(space) => end = space,
            None => break,
        }
    }
    if let Some((_, length)) = time_of(stem) {
        let rest = &stem[length..];
        let kept = [" compared", " clip"].into_iter().find(|kept| rest.starts_with(kept)).map_or(0, str::len);
        return &stem[..length + kept];
    }
    stem.strip_suffix(" clean").unwrap_or(stem)
}

/// A file that is listed, and the item that it belongs to.
pub(super) struct Placed<'a> {
    /// The name that the files of its item share.
    pub(super) base: &'a str,
    /// The item is a video: an image may have the same name.
    pub(super) is_video: bool,
    pub(super) listed: &'a Listed,
    name: Name<'a>,
}

/// Tells for the files of a folder which item each belongs to.
pub(super) fn placed(files: &[Listed]) -> Vec<Placed<'_>> {
    let names: Vec<(Name<'_>, &Listed)> = files
        .iter()
        .filter(|file| !file.name.starts_with('.'))
        .filter_map(|file| Some((Name::of(&file.name)?, file)))
        .filter(|(name, _)| name.is_listed())
        .collect();
    // The JSON beside a video is the video's, unless there is an image of that name, too.
    let stems_of = |video: bool| -> BTreeSet<&str> {
        let media = names.iter().filter(|(name, _)| !name.is_record() && name.is_video() == video);
        media.map(|(name, _)| name.stem.strip_suffix(" clean").unwrap_or(name.stem)).collect()
    };
    let (videos, images) = (stems_of(true), stems_of(false));
    let is_video = |name: &Name<'_>| {
        let is_about = name.ending == "json" && videos.contains(name.stem) && !images.contains(name.stem);
        name.is_video() || is_about
    };
    let owners_of = |video: bool| -> BTreeSet<&str> {
        let records = names.iter().filter(|(name, _)| name.is_record() && is_video(name) == video);
        records.map(|(name, _)| name.stem).collect()
    };
    let owners = [owners_of(false), owners_of(true)];
    let place = |name: &Name<'_>| {
        let is_video = is_video(name);
        (is_video, base_of(name.stem, &owners[usize::from(is_video)]).len())
    };
    let places: Vec<(bool, usize)> = names.iter().map(|(name, _)| place(name)).collect();
    names
        .into_iter()
        .zip(places)
        .map(|((name, listed), (is_video, length))| Placed {
            base: &name.stem[..length],
            is_video,
            listed,
            name,
        })
        .collect()
}

/// Makes items of the files of a folder; their records aren't read yet.
pub(super) fn group(folder: &Path, files: &[Listed]) -> Vec<Item> {
    let mut groups = BTreeMap::<(&str, bool), Vec<Placed<'_>>>::new();
    for file in placed(files) {
        groups.entry((file.base, file.is_video)).or_default().push(file);
    }
    let items = groups.into_iter().map(|((base, is_video), files)| item(folder, base, is_video, &files));
    // A JSON file alone needn't be of ours.
    items.filter(|item| item.picture().is_some() || time_of(&item.name).is_some()).collect()
}

fn item(folder: &Path, base: &str, is_video: bool, files: &[Placed<'_>]) -> Item {
    let mut hasher = DefaultHasher::new();
    (folder, base, is_video).hash(&mut hasher);
    let told = time_of(base);
    let suffix = told.map_or("", |(_, length)| &base[length..]);
    let kind = match (is_video, suffix) {
        (false, " compared") => Kind::Comparison,
        (false, _) => Kind::Image,
        (true, suffix) if suffix.starts_with(" clip") => Kind::Clip,
        (true, _) => Kind::Video,
    };
    let mut item = Item {
        id: hasher.finish(),
        folder: folder.to_owned(),
        name: base.to_owned(),
        kind,
        ..Item::default()
    };
    let mut newest = i64::MIN;
    let mut stamps = BTreeMap::new();
    for Placed { name, listed, .. } in files {
        let path = folder.join(&listed.name);
        stamps.insert(path.clone(), (listed.bytes, listed.modified));
        item.bytes += listed.bytes;
        newest = newest.max(listed.modified);
        let place = match &name.stem[base.len()..] {
            _ if is_video && name.ending == "json" => Some(&mut item.about),
            _ if name.is_record() => Some(&mut item.record),
            "" => Some(&mut item.annotated),
            " clean" => Some(&mut item.clean),
            _ => None,
        };
        match place {
            Some(place @ None) => *place = Some(path),
            // Of two files of a name, such as a PNG and a JPEG, one is shown.
            _ => item.others.push(path),
        }
    }
    item.time = told.map_or(newest, |(time, _)| time);
    item.stamp = item.picture().and_then(|path| stamps.get(path)).copied().unwrap_or_default();
    item.trouble = match item.picture() {
        None => Some(Trouble::NoPicture),
        Some(_) if item.stamp.0 == 0 => Some(Trouble::Empty),
        Some(_) => None,
    };
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouped(names: &[&str]) -> Vec<(String, Kind, Vec<String>)> {
        let listed = |name: &&str| Listed { name: (*name).into(), bytes: 9, modified: 7 };
        let files: Vec<Listed> = names.iter().map(listed).collect();
        let items = group(Path::new("/g"), &files);
        let names = |item: &Item| -> Vec<String> {
            item.files().iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        items.iter().map(|item| (item.name.clone(), item.kind, names(item))).collect()
    }

    const A: &str = "Sightline 2026-11-28 12.44.00";

    #[test]
    fn files_that_were_saved_together_are_one_item() {
        let all = [
            format!("{A}.png"),
            format!("{A} clean.png"),
            format!("{A}.json"),
            format!("{A} person-1.png"),
            format!("{A} (2).png"),
            format!("{A} (2) clean.png"),
            format!("{A} compared.png"),
            format!("{A} compared.json"),
            format!("{A}.mp4"),
            format!("{A} clean.mp4"),
            format!("{A}.jsonl"),
            format!("{A} clip.mkv"),
            format!("{A} clip.jsonl"),
            format!("{A} clip.json"),
            ".sightline-x.part".into(),
            "notes.txt".into(),
            "package.json".into(),
        ];
        let names: Vec<&str> = all.iter().map(String::as_str).collect();
        let found = grouped(&names);
        let expect = |name: String, kind, files: &[usize]| {
            (name, kind, files.iter().map(|&n| all[n].clone()).collect::<Vec<_>>())
        };
        assert_eq!(
            found,
            [
                expect(A.into(), Kind::Image, &[0, 1, 2, 3]),
                expect(A.into(), Kind::Video, &[8, 9, 10]),
                expect(format!("{A} (2)"), Kind::Image, &[4, 5]),
                expect(format!("{A} clip"), Kind::Clip, &[11, 12, 13]),
                expect(format!("{A} compared"), Kind::Comparison, &[6, 7]),
            ]
        );
    }

    #[test]
    fn renamed_files_stay_together_and_others_are_listed_for_themselves() {
        let names =
            ["Party.json", "Party.png", "Party clean.png", "Party cake-1.png", "cat.jpg", "cat clean.jpg"];
        let found = grouped(&names);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].0.as_str(), found[0].2.len()), ("Party", 4));
        assert_eq!((found[1].0.as_str(), found[1].2.len()), ("cat", 2));
    }

    #[test]
    fn what_only_begins_with_the_name_of_an_item_is_no_part_of_it() {
        let names = [
            "Party.json",
            "Party.png",
            "Party at home.jpg",
            "Party 2-a.jpg",
            "Party -1.jpg",
            "Partyhat-1.png",
        ];
        let found = grouped(&names);
        assert_eq!(found.len(), 5, "{found:?}");
        let party = found.iter().find(|(name, ..)| name == "Party").unwrap();
        assert_eq!(party.2, ["Party.png", "Party.json"]);
    }

    #[test]
    fn the_time_is_that_of_the_name_else_of_the_file() {
        let file = |name: &str| Listed { name: name.into(), bytes: 9, modified: 5000 };
        let items = group(Path::new("/g"), &[file(&format!("{A}.png")), file("cat.jpg")]);
        assert_eq!(items[0].local_time().format(TIME).to_string(), "2026-11-28 12.44.00");
        assert_eq!(items[1].time, 5000);
        let empty = Listed { bytes: 0, ..file("b.png") };
        assert_eq!(group(Path::new("/g"), &[empty])[0].trouble, Some(Trouble::Empty));
        let alone = group(Path::new("/g"), &[file(&format!("{A}.json"))]);
        assert_eq!(alone[0].trouble, Some(Trouble::NoPicture));
    }

    #[test]
    fn hostile_names_are_no_trouble() {
        for name in [
            "Sightline 2026-99-99 99.99.99.png",
            "Sightline €€€€€€€€€€€€€€€€€€€€.png",
            "Sightline .png",
            "a..png",
            " .png",
            "名字 clean.png",
        ] {
            assert_eq!(grouped(&[name]).len(), 1, "{name}");
        }
        assert_eq!(grouped(&["", ".", "..", ".png", "x"]).len(), 0);
    }
}

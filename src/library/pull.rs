//! Fetching an entry of the catalogue: what the downloader is asked for, and what is written down once the file is here.

use std::path::Path;

use super::catalogue::{Entry, Mirrors};
use super::download::{Job, Member, Outcome, Sha256, Trust};
use super::records::{FileStamp, ModelRecords, Origin};
use crate::model::{ModelError, sidecar};

/// The job that fetches `entry` into `folder`. A hash that was pinned at an earlier download must be met again.
#[must_use]
pub fn job(entry: &Entry, mirrors: &Mirrors, notes: &ModelRecords, folder: &Path) -> Job {
    let hash = |text: &str| text.parse::<Sha256>().ok();
    let listed = entry.sha256.known().and_then(hash);
    let pinned = notes.pin(&entry.id).and_then(hash);
    let archived = entry.member.is_some();
    Job {
        id: entry.name.clone(),
        addresses: entry.addresses(mirrors),
        bytes: entry.bytes,
        sha256: if archived { listed } else { listed.or(pinned) },
        member: entry.member.as_ref().map(|path| Member { path: path.clone(), bytes: None, sha256: pinned }),
        target: folder.join(&entry.file),
        // A mirror that the user named is trusted as far as the user trusts it; the hash is pinned all the same.
        allow_http: mirrors.own.iter().any(|m| m.starts_with("http://")),
        replace: false,
    }
}

/// What is known of a file that was fetched.
#[derive(Clone, Debug)]
pub struct Settled {
    pub origin: Origin,
    /// Nobody had published its hash: it is pinned now.
    pub first_use: bool,
}

/// Writes the settings that the file can't tell beside it, unless the user's lie there, and answers what is to be
/// written down with [`Settled::note`].
///
/// # Errors
/// Why the settings can't be written; the model itself is here then.
pub fn settle(entry: &Entry, outcome: &Outcome) -> Result<Settled, ModelError> {
    if !entry.read.is_empty() && !sidecar::path_for(&outcome.path).exists() {
        entry.read.save(&outcome.path)?;
    }
    let hash = outcome.sha256.to_string();
    let mut origin = Origin::of(entry, &hash);
    origin.sha256.clone_from(&hash);
    Ok(Settled { origin, first_use: outcome.trust == Trust::FirstUse && !entry.is_known_as(&hash) })
}

impl Settled {
    /// Writes it down.
    pub fn note(&self, notes: &mut ModelRecords, outcome: &Outcome) {
        let hash = outcome.sha256.to_string();
        if let Ok(stamp) = FileStamp::of(&outcome.path) {
            notes.hashed(&outcome.path, stamp, &hash);
        }
        notes.change(&outcome.path, |n| n.origin = Some(self.origin.clone()));
        if self.origin.pinned {
            notes.set_pin(&self.origin.id, &hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::catalogue::parse;

    const ENTRY: &str = r#"
        version = 1
        [[model]]
        id = "a"
        name = "A"
        task = "detect"
        family = "yolox"
        file = "a.onnx"
        source = "https://example.org"
        url = "https://example.org/a.onnx"
        sha256 = "unverified"
        licence = "MIT"
        permits = "commercial"
        [model.read]
        order = "bgr"
    "#;

    #[test]
    fn what_was_pinned_must_be_met_again_and_settings_of_the_user_stay() {
        let folder = tempfile::tempdir().unwrap();
        let entry = &parse(ENTRY).unwrap()[0];
        let mut notes = ModelRecords::default();
        assert_eq!(job(entry, &Mirrors::default(), &notes, folder.path()).sha256, None);
        let path = folder.path().join("a.onnx");
        std::fs::write(&path, "x").unwrap();
        let outcome = Outcome {
            path: path.clone(),
            sha256: Sha256([7; 32]),
            bytes: 1,
            archive: None,
            from: None,
            trust: Trust::FirstUse,
        };
        let mut known = entry.clone();
        known.known.push(outcome.sha256.to_string().try_into().unwrap());
        assert!(!settle(&known, &outcome).unwrap().first_use, "a hash that is known is no first use");
        let settled = settle(entry, &outcome).unwrap();
        assert!(settled.first_use);
        settled.note(&mut notes, &outcome);
        assert_eq!(job(entry, &Mirrors::default(), &notes, folder.path()).sha256, Some(Sha256([7; 32])));
        let beside = sidecar::path_for(&path);
        assert!(std::fs::read_to_string(&beside).unwrap().contains("bgr"));
        std::fs::write(&beside, "order = 'rgb'").unwrap();
        settle(entry, &outcome).unwrap();
        assert!(std::fs::read_to_string(&beside).unwrap().contains("'rgb'"));
    }
}

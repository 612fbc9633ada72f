//! Downloading a catalogue entry: the job for the downloader, and what is recorded when the file has arrived.

use std::path::Path;

use super::catalogue::{CatalogueEntry, Mirrors};
use super::download::{Downloaded, Job, Member, Sha256, Trust};
use super::records::{FileStamp, ModelRecords, Origin};
use crate::model::{ModelError, sidecar};

/// The job that downloads `entry` into `folder`. If its hash was pinned at an earlier download, it must be the same.
#[must_use]
pub fn job(entry: &CatalogueEntry, mirrors: &Mirrors, records: &ModelRecords, folder: &Path) -> Job {
    let hash = |text: &str| text.parse::<Sha256>().ok();
    let listed = entry.sha256.known().and_then(hash);
    let pinned = records.pin(&entry.id).and_then(hash);
    let archived = entry.member.is_some();
    let known: Vec<Sha256> = entry.known.iter().filter_map(|h| h.known().and_then(hash)).collect();
    Job {
        id: entry.name.clone(),
        addresses: entry.addresses(mirrors),
        bytes: entry.bytes,
        // What was published counts more than what came first.
        sha256: if archived || !known.is_empty() { listed } else { listed.or(pinned) },
        known,
        member: entry.member.as_ref().map(|path| Member { path: path.clone(), bytes: None, sha256: pinned }),
        is_model: true,
        target: folder.join(&entry.file),
        // The user trusts the mirrors that they named, and no other address; the hash is pinned all the same.
        plain_http: entry.trusted_addresses(mirrors),
        replace: false,
    }
}

/// What is known about a downloaded model.
#[derive(Clone, Debug)]
pub struct Pulled {
    pub origin: Origin,
    /// Nobody has published its hash: it is pinned now.
    pub first_use: bool,
}

/// Writes a sidecar with the settings that the file itself can't tell, unless the user has written one, and returns
/// what is to be recorded with [`Pulled::record`].
///
/// # Errors
/// The sidecar can't be written; the model itself is complete.
pub fn finish(entry: &CatalogueEntry, downloaded: &Downloaded) -> Result<Pulled, ModelError> {
    if !entry.read.is_empty() && !sidecar::path_for(&downloaded.path).exists() {
        entry.read.save(&downloaded.path)?;
    }
    let hash = downloaded.sha256.to_string();
    let mut origin = Origin::of(entry, &hash);
    origin.sha256.clone_from(&hash);
    Ok(Pulled { origin, first_use: downloaded.trust == Trust::FirstUse && !entry.is_known_as(&hash) })
}

impl Pulled {
    /// Adds it to the records.
    pub fn record(&self, records: &mut ModelRecords, downloaded: &Downloaded) {
        let hash = downloaded.sha256.to_string();
        if let Ok(stamp) = FileStamp::of(&downloaded.path) {
            records.set_hash(&downloaded.path, stamp, &hash);
        }
        records.change(&downloaded.path, |n| n.origin = Some(self.origin.clone()));
        if self.origin.pinned {
            records.set_pin(&self.origin.id, &hash);
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
    fn plain_http_is_allowed_for_the_users_own_mirror_alone() {
        let text = ENTRY.replace("url = \"https://example.org", "url = \"http://example.org");
        let entry = &parse(&text).unwrap()[0];
        let mirrors = Mirrors { own: vec!["http://lan/m".into()], hub: None };
        let job = job(entry, &mirrors, &ModelRecords::default(), Path::new("/m"));
        assert_eq!(job.addresses, ["http://lan/m/a.onnx", "http://example.org/a.onnx"]);
        assert_eq!(job.plain_http, ["http://lan/m/a.onnx"]);
    }

    #[test]
    fn an_address_with_several_known_contents_takes_any_of_them_whatever_came_first() {
        let known = ["a", "b"].map(|digit| digit.repeat(64));
        let text =
            ENTRY.replace("licence =", &format!("known = [\"{}\", \"{}\"]\nlicence =", known[0], known[1]));
        let entry = &parse(&text).unwrap()[0];
        let mut records = ModelRecords::default();
        records.set_pin("a", &"c".repeat(64));
        let job = job(entry, &Mirrors::default(), &records, Path::new("/m"));
        assert_eq!(job.sha256, None);
        assert_eq!(job.known.iter().map(ToString::to_string).collect::<Vec<_>>(), known);
    }

    #[test]
    fn a_pinned_hash_must_be_met_again_and_settings_of_the_user_stay() {
        let folder = tempfile::tempdir().unwrap();
        let entry = &parse(ENTRY).unwrap()[0];
        let mut records = ModelRecords::default();
        assert_eq!(job(entry, &Mirrors::default(), &records, folder.path()).sha256, None);
        let path = folder.path().join("a.onnx");
        std::fs::write(&path, "x").unwrap();
        let downloaded = Downloaded {
            path: path.clone(),
            sha256: Sha256([7; 32]),
            bytes: 1,
            archive: None,
            from: None,
            trust: Trust::FirstUse,
        };
        let mut known = entry.clone();
        known.known.push(downloaded.sha256.to_string().try_into().unwrap());
        assert!(!finish(&known, &downloaded).unwrap().first_use, "a hash that is known is no first use");
        let pulled = finish(entry, &downloaded).unwrap();
        assert!(pulled.first_use);
        pulled.record(&mut records, &downloaded);
        assert_eq!(job(entry, &Mirrors::default(), &records, folder.path()).sha256, Some(Sha256([7; 32])));
        let own = sidecar::path_for(&path);
        assert!(std::fs::read_to_string(&own).unwrap().contains("bgr"));
        std::fs::write(&own, "order = 'rgb'").unwrap();
        finish(entry, &downloaded).unwrap();
        assert!(std::fs::read_to_string(&own).unwrap().contains("'rgb'"));
    }
}

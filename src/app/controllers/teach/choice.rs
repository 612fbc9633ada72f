//! Which model is the backbone.

use std::path::{Path, PathBuf};

use super::TeachController;
use crate::app::controllers::core::Core;
use crate::app::teach::state::BackboneKey;
use crate::app::teach::suits;
use crate::learn::teach::Project;
use crate::library::ModelEntry;

/// The backbone that a project was taught with: the file of its content, wherever it lies now, else the one of its name.
#[must_use]
pub fn of_project(project: &Project, core: &Core) -> Option<BackboneKey> {
    let path = project.backbone()?;
    let tensor = project.settings.tensor.clone();
    let key = |path: &Path| BackboneKey { path: path.to_owned(), tensor: tensor.clone() };
    let sha256 = project.settings.backbone_sha256.as_deref();
    let same = |entry: &&std::sync::Arc<ModelEntry>| {
        sha256.is_some() && entry.sha256.as_deref() == sha256 || (sha256.is_none() && entry.path == path)
    };
    // Of several files of this content, the one that it was taught with.
    let listed = core.models.iter().filter(same).min_by_key(|entry| entry.path != path);
    Some(key(listed.map_or(&path, |entry| &entry.path)))
}

impl TeachController {
    /// Learns on top of this model from now on. What was learnt with another one is forgotten at once.
    pub(super) fn choose_backbone(&mut self, path: PathBuf, tensor: Option<String>, core: &mut Core) {
        let key = BackboneKey { path, tensor };
        if self.page.backbone.as_ref() == Some(&key) && self.page.info.is_some() {
            return;
        }
        self.page.backbone = Some(key);
        self.page.info = None;
        self.page.other_backbone = false;
        self.page.learned = None;
        self.page.cell = None;
        (self.page.find.example, self.page.find.tensor) = (None, None);
        self.end_live();
        self.plan.backbone_changed(&mut self.page);
        core.workers.context().request_repaint();
    }

    /// Without a choice of the user, a classifier of the library: a favourite, else the smallest, which is the fastest.
    pub(super) fn choose_default(&mut self, core: &mut Core) {
        if self.page.backbone.is_some() || self.page.project.is_none() {
            return;
        }
        let good = core.models.iter().filter(|entry| suits(entry) == Some(true));
        let best =
            good.min_by_key(|entry| (!entry.favourite, entry.stamp.bytes)).map(|entry| entry.path.clone());
        if let Some(path) = best {
            self.choose_backbone(path, None, core);
        }
    }
}

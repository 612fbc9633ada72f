//! The gallery: what it lists, small and large pictures, and what is done with items.

use std::path::PathBuf;
use std::sync::Arc;

use super::core::Core;
use crate::app::clipboard::Clipboard;
use crate::app::gallery::{GalleryPage, Large, Shown, Small};
use crate::app::intent::{FilesIntent, GalleryIntent, Intent, Page, WindowIntent};
use crate::app::strings::Explain as _;
use crate::app::workers::{Done, GalleryDone, Loaded};
use crate::frame::Frame;
use crate::gallery::{
    FolderState, Gallery, Index, Item, Player, Thumbnails, read_recorded, rename, results_of,
    thumbnail_folder,
};
use crate::scene::{Scene, Style};
use crate::source::images;

/// Thumbnails that are taken over in a pass: each is written to the graphics card.
const A_PASS: usize = 6;

/// See the module.
#[derive(Default)]
pub struct GalleryController {
    pub page: GalleryPage,
    /// Runs once the page was shown.
    gallery: Option<Gallery>,
    thumbnails: Option<Thumbnails>,
    clipboard: Clipboard,
    /// Cached thumbnails of what is gone were removed.
    tidied: Option<Arc<Index>>,
}

impl std::fmt::Debug for GalleryController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GalleryController").field("gallery", &self.gallery).finish_non_exhaustive()
    }
}

impl GalleryController {
    /// Takes over what was listed and made since the last pass.
    pub fn gather(&mut self, core: &Core, ctx: &egui::Context) {
        let on = core.page == Page::Gallery;
        if !on {
            if let Some(gallery) = &self.gallery {
                gallery.set_idle(true);
            }
            // A video doesn't play on unseen.
            self.page.open = None;
            return;
        }
        let folders = folders(core);
        let gallery = self.gallery.get_or_insert_with(|| {
            let wake = core.workers.waker();
            Gallery::start(folders.clone(), move || wake())
        });
        gallery.set_idle(false);
        gallery.set_folders(&folders);
        self.page.index = gallery.index();
        let thumbnails = self.thumbnails.get_or_insert_with(|| {
            let wake = core.workers.waker();
            Thumbnails::new(thumbnail_folder(), move || wake())
        });
        for item in self.page.wanted.drain(..) {
            thumbnails.ask(&item);
        }
        let done = thumbnails.done(A_PASS);
        if done.len() == A_PASS {
            ctx.request_repaint();
        }
        for (key, made) in done {
            let small = match made {
                Ok(frame) => {
                    let size = [frame.width as usize, frame.height as usize];
                    let image = egui::ColorImage::from_rgba_unmultiplied(size, &frame.data);
                    Small::Ready(ctx.load_texture("gallery", image, egui::TextureOptions::LINEAR))
                }
                Err(why) => Small::Failed(why),
            };
            self.page.small.put(key, small);
        }
        // Again whenever what there is has changed.
        if self.page.index.is_complete
            && self.tidied.as_ref().is_none_or(|tidied| !Arc::ptr_eq(tidied, &self.page.index))
        {
            self.tidied = Some(Arc::clone(&self.page.index));
            self.tidy(core);
        }
        if let Some(open) = &mut self.page.open
            && let Shown::Video { player, now } = &mut open.shown
            && let Some(newer) = player.take()
        {
            *now = newer;
            if let Some(frame) = now.frame.clone() {
                open.set_frame(ctx, &frame);
            }
        }
    }

    /// Removes cached thumbnails of what is gone: nothing stays of a picture that was deleted.
    fn tidy(&self, core: &Core) {
        let index = Arc::clone(&self.page.index);
        // A folder that isn't there holds nothing; one that can't be read may hold what the thumbnails are of.
        let is_known = |state: &FolderState| matches!(state, FolderState::Listed | FolderState::Missing);
        let listed = index.folders.iter().all(|(_, state)| is_known(state));
        if let Some(folder) = thumbnail_folder().filter(|_| listed) {
            core.workers.run("tidy thumbnails", move || {
                Thumbnails::tidy(&folder, &index.items);
                Done::Nothing
            });
        }
    }

    /// Carries out an intent.
    pub fn apply(&mut self, intent: GalleryIntent, core: &mut Core) {
        match intent {
            GalleryIntent::Open(id) => {
                if let Some(item) = self.page.item(id).cloned() {
                    self.open(&item, core);
                }
            }
            GalleryIntent::Back => self.page.back(),
            GalleryIntent::Step(by) => {
                let next = self.page.open.as_ref().and_then(|open| self.page.beside(open.item.id, by));
                if let Some(item) = next.cloned() {
                    self.open(&item, core);
                }
            }
            GalleryIntent::Boxes(on) => {
                self.page.boxes = on;
                let item = self.page.open.as_ref().filter(|open| matches!(open.shown, Shown::Image { .. }));
                if let Some(item) = item.map(|open| Arc::clone(&open.item)) {
                    self.load(&item, core);
                }
            }
            GalleryIntent::Play(on) => {
                if let Some(player) = self.player() {
                    player.play(on);
                }
            }
            GalleryIntent::Seek(to) => {
                if let Some(player) = self.player() {
                    player.seek(to);
                }
            }
            GalleryIntent::Rename(id, name) => {
                let Some(item) = self.page.item(id).cloned() else { return };
                core.workers.run("rename", move || {
                    Done::Gallery(GalleryDone::Renamed(rename(&item, &name).map(drop)))
                });
            }
            GalleryIntent::Delete(ids) => self.delete(&ids, core),
            GalleryIntent::CopyFiles(ids) => {
                let files = GalleryPage::files(&self.items(&ids));
                let clipboard = self.clipboard.clone();
                core.workers.run("copy files", move || {
                    let copied = clipboard.copy_files(&files).map(|()| files.len());
                    let copied = copied.map_err(|error| tracing::info!("files aren't copied: {error}")).ok();
                    Done::Gallery(GalleryDone::Copied(copied))
                });
            }
            GalleryIntent::CopyPaths(ids) => {
                let items = self.items(&ids);
                let paths: Vec<String> =
                    items.iter().filter_map(|item| Some(item.picture()?.display().to_string())).collect();
                core.ask(Intent::Window(WindowIntent::CopyText(paths.join("\n"))));
            }
            GalleryIntent::ShowFolder(id) => {
                if let Some(item) = self.page.item(id) {
                    core.ask(Intent::Files(FilesIntent::OpenFolder(item.folder.clone())));
                }
            }
        }
    }

    fn player(&self) -> Option<&Player> {
        match &self.page.open.as_ref()?.shown {
            Shown::Video { player, .. } => Some(player),
            _ => None,
        }
    }

    fn items(&self, ids: &[u64]) -> Vec<Arc<Item>> {
        ids.iter().filter_map(|id| self.page.item(*id).cloned()).collect()
    }

    /// Moves items to the trash. From a large view the next one is shown.
    fn delete(&mut self, ids: &[u64], core: &mut Core) {
        let files = GalleryPage::files(&self.items(ids));
        if let Some(id) = self.page.open.as_ref().map(|open| open.item.id).filter(|id| ids.contains(id)) {
            let beside = self.page.beside(id, 1).or_else(|| self.page.beside(id, -1)).cloned();
            match beside {
                Some(item) => self.open(&item, core),
                None => self.page.back(),
            }
        }
        core.ask(Intent::Files(FilesIntent::Discard(files)));
    }

    /// Shows an item large.
    fn open(&mut self, item: &Arc<Item>, core: &Core) {
        let before = self.page.open.take().filter(|_| !item.kind.is_video());
        let mut large = Large::after(Arc::clone(item), before);
        if item.kind.is_video() {
            large.boxes_inside = item.clean.is_none();
            large.shown = match item.clean.as_ref().or(item.annotated.as_ref()) {
                Some(video) => {
                    let record = item.record.clone().filter(|_| item.clean.is_some());
                    let wake = core.workers.waker();
                    let player = Player::open(video.clone(), record, drawn_style(core), move || wake());
                    Shown::Video { player, now: crate::gallery::Playback::default() }
                }
                None => Shown::Failed("it isn't there any more".into()),
            };
            self.page.open = Some(large);
            return;
        }
        large.boxes_inside = item.clean.is_none();
        self.page.open = Some(large);
        self.load(item, core);
    }

    /// Reads the picture of an item on a worker.
    fn load(&self, item: &Arc<Item>, core: &Core) {
        let (item, boxes, style) = (Arc::clone(item), self.page.boxes, drawn_style(core));
        core.workers.run("open picture", move || {
            let loaded = load(&item, boxes, &style);
            Done::Gallery(GalleryDone::Loaded(item.id, boxes, loaded))
        });
    }

    /// Takes over a worker's result.
    pub fn done(&mut self, done: GalleryDone, core: &mut Core, ctx: &egui::Context) {
        let w = &core.strings().gallery;
        match done {
            GalleryDone::Loaded(id, boxes, loaded) => {
                let is_wanted = self.page.boxes == boxes;
                let Some(open) = self.page.open.as_mut().filter(|open| open.item.id == id && is_wanted)
                else {
                    return;
                };
                match loaded {
                    Ok(Loaded { frame, scene }) => {
                        open.set_frame(ctx, &frame);
                        open.shown = Shown::Image { scene };
                    }
                    Err(why) => open.shown = Shown::Failed(why),
                }
            }
            GalleryDone::Renamed(Ok(())) => {
                self.page.open = None;
                self.page.renamed(Ok(()));
            }
            GalleryDone::Renamed(Err(error)) => {
                let text = error.explain(core.language()).to_string();
                self.page.renamed(Err(crate::app::strings::plain_quotes(&text)));
            }
            GalleryDone::Copied(Some(count)) => drop(core.toasts.good(&(w.files_copied)(count), "")),
            GalleryDone::Copied(None) => {
                let shutter = &core.strings().shutter;
                core.toasts.bad(shutter.not_copied, shutter.no_files_clipboard);
            }
        }
    }
}

/// The folders that are listed: of snapshots and of recordings.
pub(super) fn folders(core: &Core) -> Vec<PathBuf> {
    let [snapshots, recordings] = core.saved_in.clone();
    let snapshots = core.settings.snapshot.folder.clone().unwrap_or(snapshots);
    let recordings = core.settings.recording.folder.clone().unwrap_or(recordings);
    if snapshots == recordings { vec![snapshots] } else { vec![snapshots, recordings] }
}

/// How boxes are drawn: as the record says it, never mirrored.
fn drawn_style(core: &Core) -> Style {
    Style { mirror: false, ..core.style() }
}

/// Reads a picture: the clean one with boxes of its record, if there is one.
fn load(item: &Item, boxes: bool, style: &Style) -> Result<Loaded, String> {
    let drawn = boxes && item.record.is_some() && !item.details.is_plane;
    let path = match (&item.clean, &item.annotated) {
        (Some(clean), _) if drawn || !boxes => clean,
        (_, Some(annotated)) => annotated,
        (Some(clean), None) => clean,
        (None, None) => item.others.first().ok_or("it isn't there any more")?,
    };
    if !std::fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err("it isn't a file".into());
    }
    let mut frame = Frame::default();
    images::load(path, &mut frame, &mut None)?;
    let mut scene = None;
    if drawn
        && Some(path) == item.clean.as_ref()
        && let Some(record) = &item.record
    {
        match read_recorded(record) {
            Ok(recorded) => {
                if let Some(record) = recorded.at(None) {
                    let (results, labels) = results_of(record);
                    let mut drawn = Scene::new();
                    drawn.compose(&results, &labels, style);
                    scene = Some(Arc::new(drawn));
                }
            }
            Err(reason) => tracing::info!("{} isn't drawn: {reason}", record.display()),
        }
    }
    Ok(Loaded { frame: Arc::new(frame), scene })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::Details;

    /// The clean picture is black, the annotated one white.
    fn item(folder: &std::path::Path, clean: bool) -> Item {
        let path = |name: &str| folder.join(name);
        image::RgbImage::from_pixel(40, 30, image::Rgb([255; 3])).save(path("a.png")).unwrap();
        image::RgbImage::from_pixel(40, 30, image::Rgb([0; 3])).save(path("a clean.png")).unwrap();
        let record = r#"{"source":"a","frame":0,"time_s":null,"size":[40,30],"model":"m","task":"detect",
            "detections":[{"class_id":0,"label":"cat","score":0.9,"box":[4,4,20,20]}],"ms":null}"#;
        std::fs::write(path("a.json"), record).unwrap();
        Item {
            annotated: Some(path("a.png")),
            clean: clean.then(|| path("a clean.png")),
            record: Some(path("a.json")),
            ..Item::default()
        }
    }

    #[test]
    fn boxes_are_drawn_over_the_clean_picture_and_can_be_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let clean = item(folder.path(), true);
        let style = Style::default();
        let with = load(&clean, true, &style).unwrap();
        assert_eq!(with.frame.data[0], 0, "the clean one");
        assert!(with.scene.is_some_and(|scene| !scene.shapes().is_empty()));
        let without = load(&clean, false, &style).unwrap();
        assert_eq!((without.frame.data[0], without.scene.is_none()), (0, true));
        let annotated = item(folder.path(), false);
        for boxes in [true, false] {
            let only = load(&annotated, boxes, &style).unwrap();
            assert_eq!((only.frame.data[0], only.scene.is_none()), (255, true), "no boxes on boxes");
        }
        let plane = Details { is_plane: true, ..Details::default() };
        let plane = Item { details: Arc::new(plane), ..item(folder.path(), true) };
        assert_eq!(load(&plane, true, &style).unwrap().frame.data[0], 255, "boxes can't tell what it shows");
        std::fs::remove_file(folder.path().join("a.png")).unwrap();
        assert!(load(&annotated, true, &style).is_err());
    }
}

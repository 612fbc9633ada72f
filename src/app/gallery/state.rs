//! What the page remembers between two passes.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::app::stage::Stage;
use crate::frame::Frame;
use crate::gallery::{Filter, Held, Index, Item, Playback, Player, days};
use crate::scene::Scene;
use crate::scene::screen_painter::ScreenPainter;

/// Thumbnails that are held for the screen: several screens full.
const HELD: usize = 240;
/// The height of a day's line.
pub(super) const DAY: f32 = 38.0;
/// Between two cells.
pub(super) const GAP: f32 = 10.0;
/// Below a cell's picture.
pub(super) const CAPTION: f32 = 24.0;
/// A cell is at least so wide.
const CELL: f32 = 190.0;

/// A thumbnail on screen.
pub enum Small {
    Ready(egui::TextureHandle),
    /// Why there is none, as the end of a sentence.
    Failed(String),
}

/// A line of the grid.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Row {
    Day(NaiveDate, usize),
    /// These places of [`GalleryPage::places`].
    Cells(Range<usize>),
}

/// What a new name is typed for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Renaming {
    pub(super) id: u64,
    pub(super) text: String,
    /// It was shown before: it has had the focus.
    pub(super) shown: bool,
}

/// See the module.
pub struct GalleryPage {
    pub index: Arc<Index>,
    pub filter: Filter,
    /// The items that fit, as places of the index.
    pub(super) places: Vec<usize>,
    pub(super) rows: Vec<(f32, Row)>,
    pub(super) height: f32,
    pub(super) columns: usize,
    /// What the above was worked out for.
    known: Option<(Arc<Index>, Filter, u32)>,
    pub(super) selected: BTreeSet<u64>,
    /// Where the keys are.
    pub(super) focus: Option<u64>,
    /// Where a selection with Shift began.
    pub(super) anchor: Option<u64>,
    pub(super) scroll_to_focus: bool,
    pub small: Held<Small>,
    /// Items on screen that have no thumbnail yet.
    pub wanted: Vec<Arc<Item>>,
    pub open: Option<Large>,
    /// Boxes are shown in the large view.
    pub boxes: bool,
    pub(super) renaming: Option<Renaming>,
    /// Why the last name wasn't taken.
    pub rename_error: Option<String>,
}

impl Default for GalleryPage {
    fn default() -> Self {
        Self {
            index: Arc::default(),
            filter: Filter::default(),
            places: Vec::new(),
            rows: Vec::new(),
            height: 0.0,
            columns: 1,
            known: None,
            selected: BTreeSet::new(),
            focus: None,
            anchor: None,
            scroll_to_focus: false,
            small: Held::new(HELD),
            wanted: Vec::new(),
            open: None,
            boxes: true,
            renaming: None,
            rename_error: None,
        }
    }
}

/// What the large view shows.
pub enum Shown {
    Loading,
    Image {
        /// What is drawn over it.
        scene: Option<Arc<Scene>>,
    },
    Video {
        player: Player,
        now: Playback,
    },
    /// Why it can't be shown, as the end of a sentence.
    Failed(String),
}

/// One item, large.
pub struct Large {
    pub item: Arc<Item>,
    pub shown: Shown,
    /// Boxes can't be switched: the picture has them in it.
    pub boxes_inside: bool,
    pub(super) stage: Stage,
    pub(super) painter: ScreenPainter,
}

impl Large {
    /// Nothing of it was read yet.
    #[must_use]
    pub fn new(item: Arc<Item>) -> Self {
        Self {
            item,
            shown: Shown::Loading,
            boxes_inside: false,
            stage: Stage::default(),
            painter: ScreenPainter::default(),
        }
    }

    /// As [`Self::new`]; the picture of the item before stays until this one is read.
    #[must_use]
    pub fn after(item: Arc<Item>, before: Option<Self>) -> Self {
        let stage = before.map(|before| before.stage).unwrap_or_default();
        Self { stage, ..Self::new(item) }
    }

    /// Shows this frame.
    pub fn set_frame(&mut self, ctx: &egui::Context, frame: &Arc<Frame>) {
        self.stage.set_frame(ctx, frame);
    }
}

impl GalleryPage {
    /// The item of this id, if it is there.
    #[must_use]
    pub fn item(&self, id: u64) -> Option<&Arc<Item>> {
        self.index.items.iter().find(|item| item.id == id)
    }

    /// The items that are selected, in the order of the list.
    #[must_use]
    pub fn chosen(&self) -> Vec<Arc<Item>> {
        let all = self.places.iter().filter_map(|&place| self.index.items.get(place));
        all.filter(|item| self.selected.contains(&item.id)).cloned().collect()
    }

    /// All files of these items.
    #[must_use]
    pub fn files(items: &[Arc<Item>]) -> Vec<PathBuf> {
        items.iter().flat_map(|item| item.files()).collect()
    }

    /// Something lies over the list, or is selected in it: Escape leaves that first.
    #[must_use]
    pub fn has_layer(&self) -> bool {
        self.open.is_some() || !self.selected.is_empty()
    }

    /// Leaves the large view, or the selection.
    pub fn back(&mut self) {
        if let Some(open) = self.open.take() {
            self.focus = Some(open.item.id);
            self.scroll_to_focus = true;
        } else {
            self.selected.clear();
        }
    }

    /// The item so many places after this one, among those that are listed.
    #[must_use]
    pub fn beside(&self, id: u64, by: isize) -> Option<&Arc<Item>> {
        let place = self.place_of(id)?;
        let place = place.checked_add_signed(by)?;
        self.listed(place)
    }

    /// The item at a place of the list.
    pub(super) fn listed(&self, place: usize) -> Option<&Arc<Item>> {
        self.index.items.get(*self.places.get(place)?)
    }

    /// An item's place in the list.
    pub(super) fn place_of(&self, id: u64) -> Option<usize> {
        self.places.iter().position(|&place| self.index.items.get(place).is_some_and(|item| item.id == id))
    }

    /// Works out what is listed and where, for a list of this width, unless that is known.
    pub(super) fn lay_out(&mut self, width: f32) {
        let known = self.known.as_ref();
        if known.is_some_and(|(index, filter, w)| {
            Arc::ptr_eq(index, &self.index) && *filter == self.filter && *w == width as u32
        }) {
            return;
        }
        self.places = self.filter.places(&self.index.items);
        self.columns = ((width + GAP) / (CELL + GAP)).floor().max(1.0) as usize;
        let row = self.cell_size(width).y + GAP;
        self.rows.clear();
        let mut y = 0.0;
        for (day, range) in days(&self.index.items, &self.places) {
            self.rows.push((y, Row::Day(day, range.len())));
            y += DAY;
            for first in range.clone().step_by(self.columns) {
                self.rows.push((y, Row::Cells(first..(first + self.columns).min(range.end))));
                y += row;
            }
        }
        self.height = y;
        // What isn't listed any more isn't selected: nobody would see what is deleted.
        let listed: BTreeSet<u64> =
            self.places.iter().filter_map(|&place| Some(self.index.items.get(place)?.id)).collect();
        self.selected.retain(|id| listed.contains(id));
        self.focus.take_if(|id| !listed.contains(id));
        self.known = Some((Arc::clone(&self.index), self.filter.clone(), width as u32));
    }

    /// The size of a cell with its caption.
    pub(super) fn cell_size(&self, width: f32) -> egui::Vec2 {
        let columns = self.columns as f32;
        let cell = ((width - GAP * (columns - 1.0)) / columns).floor().max(60.0);
        egui::vec2(cell, (cell * 0.62).round() + CAPTION)
    }

    /// The row that holds a place of the list.
    pub(super) fn row_of(&self, place: usize) -> Option<usize> {
        self.rows.iter().position(|(_, row)| matches!(row, Row::Cells(range) if range.contains(&place)))
    }

    /// Moves the keys' place; `extends`: the selection grows up to it.
    pub(super) fn go_to(&mut self, place: usize, extends: bool) {
        let Some(id) = self.listed(place).map(|item| item.id) else { return };
        self.focus = Some(id);
        self.scroll_to_focus = true;
        self.choose(id, extends, false);
    }

    /// Selects an item; `extends`: and all between it and where the selection began; `toggles`: the others stay selected.
    pub(super) fn choose(&mut self, id: u64, extends: bool, toggles: bool) {
        self.focus = Some(id);
        let range = self.anchor.filter(|_| extends).and_then(|anchor| {
            let (a, b) = (self.place_of(anchor)?, self.place_of(id)?);
            Some(a.min(b)..=a.max(b))
        });
        if let Some(range) = range {
            self.selected = range.filter_map(|place| Some(self.listed(place)?.id)).collect();
            return;
        }
        self.anchor = Some(id);
        if !toggles {
            self.selected = BTreeSet::from([id]);
        } else if !self.selected.remove(&id) {
            self.selected.insert(id);
        }
    }

    /// Asks for a new name for an item.
    pub(super) fn ask_name(&mut self, item: &Item) {
        self.rename_error = None;
        self.renaming = Some(Renaming { id: item.id, text: item.name.clone(), shown: false });
    }

    /// The item has its new name, or not: why.
    pub fn renamed(&mut self, result: Result<(), String>) {
        match result {
            Ok(()) => self.renaming = None,
            Err(why) => self.rename_error = Some(why),
        }
    }
}

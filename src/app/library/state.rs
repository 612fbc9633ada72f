//! What the library page remembers between two passes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::deployment::DeployOrder;
use crate::app::strings::task_name;
use crate::library::search::Haystack;
use crate::library::{CatalogueEntry, ModelEntry};
use crate::model::Task;
use crate::model::labels::Language;
use crate::server::ServerAddress;

/// Which list is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    #[default]
    Here,
    Available,
    Servers,
}

/// The form for another server.
#[derive(Debug, Default)]
pub(super) struct ServerForm {
    pub address: String,
    pub token: String,
    pub ca: String,
    /// What is wrong with the address.
    pub wrong: Option<String>,
    /// It is being saved.
    pub sent: bool,
}

/// What is asked before something is done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Question {
    /// A new name for the model of this file; `shown` from the second pass on.
    Rename { path: PathBuf, text: String, shown: bool },
    /// Whether to remove this file; the model's name.
    Remove(PathBuf, String),
    /// Whether to download this entry of the catalogue under its licence.
    Licence(String),
    /// Whether to download the starter set.
    Starters,
    /// Whether to forget this server.
    Forget(ServerAddress),
    /// For which server to write a model, and where.
    Deploy(Box<DeployOrder>),
}

/// The texts that the search looks through, worked out once for each model: class names make them long.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<(Arc<ModelEntry>, Haystack)>);

impl Texts {
    /// The text of the model at this place of the list.
    pub(super) fn of(&mut self, place: usize, model: &Arc<ModelEntry>) -> &Haystack {
        let text = || {
            let names =
                model.task().map(|t| [task_name(Language::English, t), task_name(Language::Chinese, t)]);
            Haystack::of_model(model, names.as_ref().map_or(&[], |n| n.as_slice()))
        };
        if self.0.get(place).is_none_or(|(of, _)| !Arc::ptr_eq(of, model)) {
            let known = (Arc::clone(model), text());
            match self.0.get_mut(place) {
                Some(old) => *old = known,
                None => self.0.push(known),
            }
        }
        &self.0[place.min(self.0.len() - 1)].1
    }
}

/// The entries of the catalogue that fit the search, worked out when the catalogue or the search changes.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Where the catalogue's entries lie, and how many they are.
    of: (usize, usize),
    texts: Vec<(String, Haystack)>,
    search: String,
    /// The ids of the entries that fit, and how well; see [`Haystack::rank`].
    ids: HashMap<String, u8>,
}

impl Found {
    /// The ids of the entries that fit, and how well, the least first.
    pub(super) fn of(&mut self, entries: &[CatalogueEntry], search: &str) -> &HashMap<String, u8> {
        let of = (entries.as_ptr() as usize, entries.len());
        let is_new = self.of != of;
        if is_new {
            let text = |entry: &CatalogueEntry| {
                let names = [Language::English, Language::Chinese].map(|l| task_name(l, entry.task));
                (entry.id.clone(), Haystack::of_catalogue(entry, &names))
            };
            self.of = of;
            self.texts = entries.iter().map(text).collect();
        }
        if is_new || self.search != search {
            search.clone_into(&mut self.search);
            let fitting = self.texts.iter().filter(|(_, text)| text.has(search));
            self.ids = fitting.map(|(id, text)| (id.clone(), text.rank(search))).collect();
        }
        &self.ids
    }
}

/// What the library page remembers between two passes.
#[derive(Debug, Default)]
pub struct LibraryPage {
    pub(super) tab: Tab,
    pub(super) search: String,
    /// What was searched for in the last pass: with another search the list begins at its top.
    pub(super) searched: String,
    /// Only models of this task are listed.
    pub(super) task: Option<Task>,
    /// Of those to download, only the classics are listed, in the order of a course.
    pub(super) classics: bool,
    /// The model whose details are open.
    pub(super) open: Option<PathBuf>,
    pub(super) question: Option<Question>,
    pub(super) texts: Texts,
    pub(super) found: Found,
    pub(super) server_form: ServerForm,
    /// What was deployed last, or nearly: the next time begins with its server and folder.
    pub(super) last_deploy: Option<Box<DeployOrder>>,
}

impl LibraryPage {
    /// The folder to deploy into was chosen, for the dialogue if it is still open.
    pub fn deploy_into(&mut self, folder: &Path) {
        if let Some(Question::Deploy(order)) = &mut self.question {
            order.folder = folder.display().to_string();
        }
    }

    /// Whether the dialogue for deploying this model is open.
    #[must_use]
    pub fn deploys(&self, model: &Path) -> bool {
        matches!(&self.question, Some(Question::Deploy(order)) if order.model == model)
    }
}

//! A controller for each page and panel: it owns the state that only its page uses, and carries out the page's intents.
//!
//! Controllers don't know each other. What one wants of another it asks for with [`Core::ask`].

mod compare;
mod core;
mod dataset;
mod deploying;
mod downloads;
mod events;
mod files;
mod gallery;
mod inside;
mod kept;
mod lessons;
mod library;
mod model;
mod reading;
mod record;
pub mod results;
pub mod servers;
mod settings;
mod shutter;
mod source;
mod speed;
mod teach;
mod zones;

pub use self::core::Core;
pub use compare::CompareController;
pub use dataset::DatasetController;
pub use events::EventsController;
pub use files::FilesController;
pub use gallery::GalleryController;
pub use inside::InsideController;
pub use lessons::LessonsController;
pub use library::LibraryController;
pub use model::ModelController;
pub use reading::ReadingController;
pub use record::RecordController;
pub use servers::ServersController;
pub use settings::{SettingsController, theme};
pub use shutter::ShutterController;
pub use source::SourceController;
pub use teach::TeachController;
pub use zones::ZonesController;

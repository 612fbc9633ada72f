//! The window: `logic` gathers what is new, `ui` paints it and reports intents, one place does them.

mod apply;
mod classes_panel;
mod companion_ui;
mod compare;
mod composer;
mod detect_panel;
mod figures_panel;
mod help;
mod icons;
mod intent;
mod keys;
mod library;
mod model_panel;
mod pace_panel;
mod page_text;
mod pages;
mod reading;
mod settings_page;
mod source_panel;
mod speed;
mod stage;
mod strings;
mod style;
#[cfg(test)]
mod tests;
mod timing;
mod toasts;
mod toolbar;
mod view;
mod widgets;
mod window;
mod workers;

pub use page_text::task_name;
pub use timing::{First, Observer, Pass};

use std::path::PathBuf;
use std::time::Instant;

use crate::model::labels::Language;
use crate::settings;
use crate::source::Address;
use timing::Timing;

/// What the window is opened with; what is `None` is as it was remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppOptions {
    pub source: Option<Address>,
    pub model: Option<PathBuf>,
    /// Models to compare it with from the start.
    pub compare: Vec<PathBuf>,
    /// For this run only.
    pub language: Option<Language>,
    /// Width and height of the window, in points.
    pub size: Option<(f32, f32)>,
}

/// Why the window can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no screen to open it on.
    #[error("No display can be opened: {reason}.")]
    NoDisplay { reason: String },
    /// The graphics driver gives no OpenGL.
    #[error("The graphics driver can't draw the window: {reason}.")]
    NoGraphics { reason: String },
}

impl AppError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoDisplay { .. } => {
                "Start Sightline in a desktop session, or work without a window: sightline predict SOURCE --save out"
            }
            Self::NoGraphics { .. } => {
                "Update the driver, or draw without it: LIBGL_ALWAYS_SOFTWARE=1 sightline"
            }
        }
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// [`AppError`] where no window can be opened.
pub fn run(options: AppOptions) -> Result<(), AppError> {
    open(options, None)
}

/// As [`run`], and tells `observer` what the window does; the observer also closes it. For measurements
/// (`benches/window.rs`).
///
/// # Errors
/// [`AppError`] if no window can be opened.
pub fn run_observed(options: AppOptions, observer: Box<dyn Observer>) -> Result<(), AppError> {
    open(options, Some(observer))
}

fn open(options: AppOptions, observer: Option<Box<dyn Observer>>) -> Result<(), AppError> {
    let started = Instant::now();
    if cfg!(all(unix, not(target_os = "macos"))) {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        if !set("DISPLAY") && !set("WAYLAND_DISPLAY") && !set("WAYLAND_SOCKET") {
            let reason = "neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned();
            return Err(AppError::NoDisplay { reason });
        }
    }
    let remembered = || settings::settings_file().and_then(|path| settings::peek_window(&path));
    let (width, height) = options.size.or_else(remembered).unwrap_or((1280.0, 800.0));
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Sightline")
            .with_app_id("sightline")
            .with_inner_size([width, height])
            .with_min_inner_size([860.0, 540.0])
            .with_drag_and_drop(true),
        ..eframe::NativeOptions::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(move |cc| {
        Ok(Box::new(window::App::new(&cc.egui_ctx, options, Timing::since(started, observer))))
    });
    eframe::run_native("sightline", native, create).map_err(|error| {
        let reason = error.to_string();
        match error {
            eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => AppError::NoDisplay { reason },
            _ => AppError::NoGraphics { reason },
        }
    })
}

//! The window. Data flows one way: strings, style and widgets → view and intents (plain data) → panels and pages →
//! controllers → window. `window.rs` gathers what is new, paints it and collects intents; `window/dispatch.rs` hands each
//! intent to its controller.

mod classes_panel;
mod clipboard;
mod collecting;
mod command_line;
mod companion_ui;
mod compare;
mod composer;
mod controllers;
mod dataset;
mod deployment;
mod detect_panel;
mod ending;
mod events;
mod figures_panel;
mod gallery;
mod help;
mod icons;
mod inside;
mod intent;
mod keys;
mod labels_file;
mod lessons;
mod library;
mod model_panel;
mod options;
mod pace_panel;
mod page_frame;
mod pages;
mod quitting;
mod reading;
mod recording;
mod server_panel;
mod servers;
mod settings_page;
mod shutter;
mod shutter_panel;
mod source_panel;
mod speed;
mod stage;
mod start;
mod strings;
mod style;
mod teach;
#[cfg(test)]
mod tests;
mod timing;
mod toasts;
mod toolbar;
mod tracking_panel;
mod view;
mod widgets;
mod window;
mod workers;
mod zones;

pub use intent::InsideTab;
pub use options::{AppError, AppOptions};
pub use strings::task_name;
pub use timing::{First, Observer, Pass};

use std::time::Instant;

use crate::settings;
use timing::Timing;

/// Opens the window and stays until it is closed.
///
/// # Errors
/// [`AppError`] if no window can be opened.
pub fn run(options: AppOptions) -> Result<(), AppError> {
    open(options, None)
}

/// Does what [`run`] does, and tells `observer` what the window does; the observer also closes it. For measurements
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
    let remembered = settings::settings_file().map(|path| settings::peek_window(&path));
    let (size, maximised) = remembered.unwrap_or_default();
    // With the system's bars it fits a screen of 1366×768.
    let (width, height) = options.size.or(size).unwrap_or((1280.0, 680.0));
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Sightline")
            .with_app_id("sightline")
            .with_inner_size([width, height])
            .with_maximized(maximised && options.size.is_none())
            .with_min_inner_size([860.0, 540.0])
            .with_drag_and_drop(true),
        ..eframe::NativeOptions::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(move |cc| {
        let app = window::App::new(&cc.egui_ctx, options, Timing::since(started, observer));
        ending::close_when_told(cc.egui_ctx.clone(), app.start().clone());
        Ok(Box::new(app))
    });
    eframe::run_native("sightline", native, create).map_err(|error| {
        let reason = error.to_string();
        match error {
            eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => AppError::NoDisplay { reason },
            _ => AppError::NoGraphics { reason },
        }
    })
}

//! Zones and lines in the window: an editor on the preview and a part of the side panel.

mod canvas;
mod editor;
mod panel;
mod shapes;

pub use canvas::ui as canvas_ui;
pub use editor::Editor;
pub use panel::ui as panel_ui;

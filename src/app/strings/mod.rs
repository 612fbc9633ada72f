//! Every word of the window, in English and Chinese. A text that lacks in one language doesn't compile.

mod chinese;
mod english;

use crate::model::labels::Language;
use chinese::CHINESE;
use english::ENGLISH;

/// The words of one language.
#[derive(Debug)]
pub struct Strings {
    // Parts of the side panel.
    pub source: &'static str,
    pub model: &'static str,
    pub detection: &'static str,
    pub result: &'static str,
    pub classes: &'static str,
    pub figures: &'static str,

    // Source.
    pub choose_source: &'static str,
    pub cameras: &'static str,
    pub looking_for_cameras: &'static str,
    pub no_cameras: &'static str,
    pub open_file: &'static str,
    pub open_folder: &'static str,
    pub test_pattern: &'static str,
    pub recent: &'static str,
    pub camera: &'static str,
    pub any_camera: &'static str,
    pub camera_settings: &'static str,
    pub mode: &'static str,
    pub automatic: &'static str,
    pub reset: &'static str,
    pub no_controls: &'static str,
    pub live: &'static str,
    pub paused: &'static str,
    pub ended: &'static str,
    pub opening: &'static str,
    pub no_source: &'static str,
    pub failed: &'static str,

    // Model.
    pub choose_model: &'static str,
    pub no_model: &'static str,
    pub adapter: &'static str,
    pub no_adapter: &'static str,
    /// What a style covers.
    pub covers: &'static str,
    pub whole_image: &'static str,
    pub person_only: fn(&str) -> String,
    pub no_matting_model: &'static str,
    pub skeletons_from: &'static str,
    /// Frames and joints that a model of actions reads.
    pub skeletons: fn(u32, u32) -> String,
    pub no_models_found: &'static str,
    pub open_model: &'static str,
    pub loading_model: fn(&str) -> String,
    pub family: &'static str,
    pub task: &'static str,
    pub input: &'static str,
    pub runs_on: &'static str,
    pub how_do_we_know: &'static str,
    pub how_to_read: &'static str,
    pub old_one_runs: fn(&str) -> String,

    // Limits.
    pub confidence: &'static str,
    pub confidence_hint: &'static str,
    pub iou: &'static str,
    pub iou_hint: &'static str,
    pub amount: &'static str,
    pub amount_hint: &'static str,
    pub own_frame: &'static str,
    pub own_frame_hint: &'static str,

    // Classes.
    pub search: &'static str,
    pub all: &'static str,
    pub none: &'static str,
    pub no_class_fits: &'static str,
    pub found: fn(usize) -> String,

    // Figures.
    pub camera_rate: &'static str,
    pub preview_rate: &'static str,
    pub inference_rate: &'static str,
    pub per_second: fn(f32) -> String,
    pub decode: &'static str,
    pub prepare: &'static str,
    pub inference: &'static str,
    pub output: &'static str,
    pub total: &'static str,
    pub stages: &'static str,
    pub median_p95: &'static str,
    pub age_shown: &'static str,
    pub age_shown_hint: &'static str,
    pub age_result: &'static str,
    pub skipped: &'static str,
    pub skipped_hint: &'static str,
    pub lost: &'static str,
    pub lost_hint: &'static str,

    // Buttons.
    pub snapshot: &'static str,
    pub pause: &'static str,
    pub go_on: &'static str,
    pub step: &'static str,
    pub previous: &'static str,
    pub next: &'static str,
    pub loop_: &'static str,
    pub fast: &'static str,
    pub mirror: &'static str,
    pub full_screen: &'static str,
    pub leave_full_screen: &'static str,
    pub side_panel: &'static str,
    pub compare: &'static str,
    pub settings: &'static str,
    pub help: &'static str,
    pub close: &'static str,
    pub back: &'static str,
    pub position: &'static str,
    pub dismiss: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub open: &'static str,
    pub cancel: &'static str,

    // Pages in the image's place.
    pub try_again: &'static str,
    pub opening_camera: &'static str,
    pub opening_source: fn(&str) -> String,
    pub camera_permission_hint: &'static str,
    pub waiting_for_image: &'static str,
    pub welcome: &'static str,
    pub welcome_text: &'static str,
    pub returns_by_itself: &'static str,
    pub drop_here: &'static str,
    pub image_or_video: &'static str,
    pub folder_of_images: &'static str,
    pub type_a_path: &'static str,
    pub no_dialogue: &'static str,

    // "How to read this model".
    pub reading_intro: &'static str,
    pub what_the_file_says: &'static str,
    pub inputs: &'static str,
    pub outputs: &'static str,
    pub metadata: &'static str,
    pub nothing: &'static str,
    pub made_by: &'static str,
    pub what_you_choose: &'static str,
    pub as_found: &'static str,
    pub not_set: &'static str,
    pub layout: &'static str,
    pub planes: &'static str,
    pub interleaved: &'static str,
    pub colour_order: &'static str,
    pub value_range: &'static str,
    pub imagenet: &'static str,
    pub custom: &'static str,
    pub fit: &'static str,
    pub letterbox_centred: &'static str,
    pub letterbox_corner: &'static str,
    pub stretch: &'static str,
    pub centre_crop: &'static str,
    pub labels: &'static str,
    pub labels_file: &'static str,
    pub labels_loaded: fn(usize) -> String,
    pub labels_none: &'static str,
    pub save_beside: &'static str,
    pub saved_as: fn(&str) -> String,
    pub live_preview: &'static str,
    pub reading_file: &'static str,
    pub reading_works: &'static str,

    // ONNX Runtime.
    pub no_runtime: &'static str,
    pub no_runtime_text: &'static str,
    pub choose_runtime: &'static str,

    // Settings.
    pub language: &'static str,
    pub as_the_system: &'static str,
    pub appearance: &'static str,
    pub light: &'static str,
    pub dark: &'static str,
    pub snapshots: &'static str,
    pub snapshot_folder: &'static str,
    pub snapshot_folder_default: &'static str,
    pub change: &'static str,
    pub format: &'static str,
    pub also_clean: &'static str,
    pub also_json: &'static str,
    pub mirror_note: &'static str,
    pub about: &'static str,
    pub settings_file: &'static str,

    // Messages.
    pub snapshot_saved: &'static str,
    pub show_folder: &'static str,
    pub snapshot_failed: &'static str,
    pub nothing_to_save: &'static str,
    pub not_done: &'static str,

    // Help.
    pub keys: &'static str,
    pub key_mouse_drop: &'static str,
    pub key_model: &'static str,
    pub key_library: &'static str,
    pub key_confidence: &'static str,
    pub key_camera: &'static str,
    pub key_open: &'static str,
    pub key_step: &'static str,
    pub key_help: &'static str,
    pub key_quit: &'static str,
    pub key_drop: &'static str,
}

impl Strings {
    /// The words of `language`.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Chinese => &CHINESE,
        }
    }
}

/// The language of the system: Chinese where it says so, else English.
#[must_use]
pub fn system_language() -> Language {
    match sys_locale::get_locale() {
        Some(locale) if locale.to_lowercase().starts_with("zh") => Language::Chinese,
        _ => Language::English,
    }
}

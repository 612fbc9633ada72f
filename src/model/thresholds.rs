//! The limits that a user sets for detections.

/// The user's limits for detections; read for every frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    /// Least score, 0..=1.
    pub conf: f32,
    /// Greatest overlap (IoU) of two boxes of a class that both stay, 0..=1.
    pub iou: f32,
    /// Most detections a frame.
    pub max_det: usize,
    /// Only these classes, by id; empty: all.
    pub classes: Vec<u32>,
    /// How exact masks are made.
    pub detail: Detail,
    /// `conf` and `iou` as they were before the user changed them for every model that runs: what was remembered for the first
    /// one, say. `None`: those of its family.
    pub base: Option<[f32; 2]>,
}

/// How exact masks are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// In the resolution of the network's own grid, for the live view.
    #[default]
    Live,
    /// Pixel by pixel of the frame, for what is saved.
    Full,
}

impl Default for Thresholds {
    /// 0.25, 0.7 and 300: what the YOLO programs use.
    fn default() -> Self {
        Self { conf: 0.25, iou: 0.7, max_det: 300, classes: Vec::new(), detail: Detail::Live, base: None }
    }
}

impl Thresholds {
    /// Whether the class filter allows `class_id`.
    #[must_use]
    pub fn allows(&self, class_id: u32) -> bool {
        self.classes.is_empty() || self.classes.contains(&class_id)
    }
}

//! What the user says of a model, kept beside it as `NAME.toml`: any part of a spec.

use serde::{Deserialize, Serialize};

use super::spec::{ColourOrder, Family, Fit, Layout, Range, Task};

/// Any part of a spec; what is `None` is left as identified.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sidecar {
    pub family: Option<Family>,
    pub task: Option<Task>,
    pub layout: Option<Layout>,
    pub order: Option<ColourOrder>,
    pub range: Option<Range>,
    pub fit: Option<Fit>,
    /// Class names, in order.
    pub labels: Option<Vec<String>>,
}

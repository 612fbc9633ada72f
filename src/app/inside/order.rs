//! What the page asks its worker for.

use std::path::PathBuf;

use crate::app::intent::{InsideTab, MapsOf, WhyMethod, WhyTarget};
use crate::learn::inside::maps::Sorting;
use crate::model::spec::ColourOrder;
use crate::model::{OpenOptions, Thresholds};

/// The model that is looked into.
#[derive(Clone, Debug)]
pub struct Subject {
    pub path: PathBuf,
    /// As the live view opens it.
    pub options: OpenOptions,
    /// The order in which it takes colours.
    pub colours: ColourOrder,
    /// Threads of the live session: layers are measured with as many.
    pub threads: usize,
}

/// What is shown now.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub tab: InsideTab,
    /// Counts how often to try again.
    pub tries: u64,
    /// Counts how often to measure again.
    pub measures: u64,
    /// The tensor whose maps are shown; `None`: the usual one.
    pub tensor: Option<String>,
    /// Where none is chosen: that of the first convolution.
    pub first: bool,
    /// The channel that is enlarged.
    pub channel: Option<usize>,
    pub sorting: Sorting,
    /// Counts how often to sort again.
    pub sorts: u64,
    /// The kernels of the first convolution are shown instead of maps.
    pub kernels: bool,
    /// Which 64 channels are shown.
    pub part: usize,
    pub maps: MapsOf,
    /// The number of the freezing; `None`: nothing is frozen.
    pub frozen: Option<u64>,
    pub method: WhyMethod,
    pub target: WhyTarget,
    pub thresholds: Thresholds,
    pub output: usize,
    pub class: Option<u32>,
    /// The level of the head; `None`: the one with the greatest score.
    pub level: Option<usize>,
    pub temperature: f32,
    /// Masks are taken apart, not candidates.
    pub masks: bool,
    /// The box of the object whose mask is; `None`: of the surest one.
    pub object: Option<[f32; 4]>,
    /// So many terms of its sum are shown; `None`: all.
    pub terms: Option<usize>,
    /// Candidates or the terms of a mask are being followed: the frame that was looked at last stays.
    pub held: bool,
    /// The model to compare with.
    pub against: Option<PathBuf>,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            tab: InsideTab::default(),
            tries: 0,
            measures: 0,
            tensor: None,
            first: false,
            channel: None,
            sorting: Sorting::default(),
            sorts: 0,
            kernels: false,
            part: 0,
            maps: MapsOf::default(),
            frozen: None,
            method: WhyMethod::default(),
            target: WhyTarget::default(),
            thresholds: Thresholds::default(),
            output: 0,
            class: None,
            level: None,
            temperature: 1.0,
            masks: false,
            object: None,
            terms: None,
            held: false,
            against: None,
        }
    }
}

//! `sightline compare`: several models on the same frames.

mod common;

use common::{data, sightline};

//! One model: what it is (spec), how that is found out (identify), its session, input, output and labels.

pub mod adapter;
pub mod agreement;
pub mod boxes;
mod cancel;
pub mod companion;
pub mod description;
pub mod error;
mod extra_inputs;
pub mod families;
mod features;
pub mod file;
pub mod folders;
pub mod geometry;
mod hash;
pub mod identify;
mod image_tensor;
pub mod input;
mod inspect;
pub mod isolation;
pub mod labels;
mod local_session;
pub mod metadata;
mod network;
pub mod nodes;
mod open;
pub mod optimised;
mod options;
pub mod preprocessing;
mod probe;
pub mod profile;
pub mod results;
mod reused_outputs;
pub mod runtime;
pub mod sampling;
pub mod served;
pub mod session;
pub mod sidecar;
mod skeletons;
pub mod spec;
pub mod tensor;
mod thresholds;

use std::path::{Path, PathBuf};
use std::time::Instant;

pub use cancel::CancelToken;
pub use error::ModelError;
pub use features::FeatureModel;
pub use hash::{hex, sha256, weights_sha256};
pub use inspect::{Inspection, check_whole, inspect, inspect_on, inspect_with};
pub use options::{Inside, Known, OpenOptions};
pub use results::{Detection, Results};
pub use session::StopHandle;
pub use spec::{Family, Spec, Task, Thresholds};

use crate::frame::{Frame, PixelFormat};
use crate::server::ModelAddress;
use companion::Companion;
use network::Network;
use results::StageTimes;

/// An open model, ready for frames. Not shared: one thread runs it.
#[derive(Debug)]
pub struct Model {
    path: PathBuf,
    sha256: String,
    network: Network,
    provider: String,
    adapter: Option<PathBuf>,
    /// A second model that processes the same frames. A field of its own next to the network, so that it stays here while
    /// both run: a panic in a run loses nothing.
    companion: Option<Companion>,
    /// The frame for both, if it came in another format.
    rgba: Frame,
    /// Files with weights outside the model's own file.
    external_data: Vec<PathBuf>,
}

impl Model {
    /// Every file that the model was made of, whether or not it exists: its own, its sidecar, its weights outside the file, its
    /// adapter, and those of its second model and the folders in which second models are looked for. If one of them changes,
    /// opening it again gives another model.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.path.clone(), sidecar::path_for(&self.path)];
        files.extend(self.external_data.iter().cloned());
        files.extend(self.adapter.clone());
        if companion::task_for(self.network.spec.task).is_some() {
            files.extend(self.path.parent().map(Path::to_owned));
            files.extend(folders::model_folders());
        }
        if let Some(companion) = &self.companion {
            files.extend(companion.model().files());
        }
        files
    }

    /// Forgets all earlier frames: networks with a state and skeletons begin anew with the next one.
    pub fn forget(&mut self) {
        self.network.last_source = None;
        if let Some(companion) = &mut self.companion {
            companion.model_mut().forget();
        }
    }

    /// Its name; see [`name_of`].
    #[must_use]
    pub fn name(&self) -> String {
        name_of(&self.path)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Family, task, input, output and labels.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.network.spec
    }

    /// SHA-256 of the file, hex, lower case.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The provider that runs it: "CPU", "CUDA", or "CPU (CUDA failed: why)".
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The LoRA adapter that it runs with.
    #[must_use]
    pub fn adapter(&self) -> Option<&Path> {
        self.adapter.as_deref()
    }

    /// Intra-op threads of its session.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.network.session.threads
    }

    /// Whether neither the network nor its second model carries anything from frame to frame.
    #[must_use]
    pub fn is_stateless(&self) -> bool {
        self.network.is_stateless() && self.companion.as_ref().is_none_or(|c| c.model().is_stateless())
    }

    /// Whether it runs in a process of its own; see [`isolation`].
    #[must_use]
    pub fn is_apart(&self) -> bool {
        self.network.session.is_apart()
    }

    /// What is known of its server, if it is on one.
    #[must_use]
    pub fn server(&self) -> Option<std::sync::Arc<served::ServerStatus>> {
        self.network.session.server()
    }

    /// A handle that ends a hanging run.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        let handle = self.network.session.stop_handle();
        match &self.companion {
            Some(companion) => handle.and(companion.model().stop_handle()),
            None => handle,
        }
    }

    /// Runs once on an empty image, so that the first real frame isn't slow.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn warm_up(&mut self) -> Result<(), ModelError> {
        match &mut self.companion {
            Some(companion) => companion.warm_up(&mut self.network),
            None => self.network.warm_up(),
        }
    }

    /// Runs the bare session once more on the tensor of the last frame, to measure the time of the network alone. Returns its
    /// milliseconds and the number of bytes of the outputs.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn bare_run(&mut self) -> Result<(f32, usize), ModelError> {
        let begin = Instant::now();
        let bytes = self.network.session.run(|outputs| outputs.iter().map(|o| o.data.bytes()).sum())?;
        Ok((ms_since(begin), bytes))
    }

    /// Ends the profile of [`OpenOptions::profile`] and returns its path.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] if there is none.
    pub fn end_profile(&mut self) -> Result<PathBuf, ModelError> {
        self.network.session.end_profile()
    }

    /// How many bytes the tensor of the last frame holds.
    #[must_use]
    pub fn input_bytes(&self) -> usize {
        self.network.session.image_bytes()
    }

    /// Processes one frame, RGBA or any other uncompressed format; `results` is filled anew. `StageTimes::decode` is left 0
    /// for the caller.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`], [`ModelError::UnexpectedOutput`] or [`ModelError::Stopped`].
    pub fn run(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        let Some(companion) = &mut self.companion else {
            return self.network.run(frame, thresholds, results);
        };
        // Both models read the frame: it is converted once.
        let frame = if frame.format == PixelFormat::Rgba8 { frame } else { as_rgba(frame, &mut self.rgba)? };
        companion.run(&mut self.network, frame, thresholds, results)
    }

    /// As [`Model::run`] without a second model, and shows all outputs of the network with the geometry of the frame: the file's own first, then
    /// the tensors of [`Inside::tensors`]. Types that decoders don't read (8-bit integers with a sign, booleans, 64-bit floats) come
    /// as 32-bit floats.
    ///
    /// # Errors
    /// As [`Model::run`]; the outputs are shown even where they can't be decoded.
    pub fn run_inside(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
        show: impl FnOnce(&[tensor::Tensor<'_>], &geometry::Geometry),
    ) -> Result<StageTimes, ModelError> {
        self.network.run_inside(frame, thresholds, results, show)
    }

    /// Shows the tensor of the last frame, with its shape: what the network was given.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] if there is no memory for it.
    pub fn show_input<T>(
        &mut self,
        geometry: &geometry::Geometry,
        show: impl FnOnce(&input::TensorMut<'_>, &[i64]) -> T,
    ) -> Result<T, ModelError> {
        let shape = self.network.input_shape(geometry.input);
        let without_batch = self.network.session.is_without_batch();
        let tensor = self.network.session.image(&shape)?;
        Ok(show(&tensor, image_tensor::without_batch(&shape, without_batch)))
    }

    /// What passed the threshold in the last frame, before non-maximum suppression, and which of it was kept, best first. Where the network did its own
    /// suppression, all are kept; both are empty for models that find no objects.
    #[must_use]
    pub fn candidates(&self) -> (&[families::Candidate], &[usize]) {
        (&self.network.scratch.candidates, &self.network.scratch.kept)
    }

    /// As [`Model::run`] without a second model, and returns what the instance masks are sums of, with the geometry of the frame. The
    /// coefficients are those of the candidates that were kept ([`Model::candidates`]), in their order. `None`: the model makes no masks, or
    /// not of prototypes.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn run_for_masks(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<Option<(families::MaskParts, geometry::Geometry)>, ModelError> {
        self.network.run_for_masks(frame, thresholds, results)
    }

    /// Whether the masks of the last frame were sums of prototypes.
    #[must_use]
    pub fn has_prototypes(&self) -> bool {
        self.network.scratch.prototypes > 0
    }

    /// As [`Model::run`], for an image that was already fitted into the network's input: it is taken as it is, and
    /// `geometry` maps its pixels back to the frame.
    ///
    /// # Errors
    /// As [`Model::run`], and [`ModelError::RunFailed`] if the image isn't of the input's size.
    pub fn run_fitted(
        &mut self,
        image: &Frame,
        geometry: &geometry::Geometry,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        self.network.run_fitted(image, geometry, thresholds, results)
    }
}

/// The name of a model: that of its file without the ending, or that on its server.
#[must_use]
pub fn name_of(path: &Path) -> String {
    match ModelAddress::of_path(path) {
        Ok(Some(address)) => match address.version {
            Some(version) => format!("{} {version}", address.model),
            None => address.model,
        },
        _ => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

/// The whole path of a model's file, or its address as it is.
#[must_use]
pub fn whole_path(path: &Path) -> PathBuf {
    match ModelAddress::of_path(path) {
        Ok(Some(address)) => address.to_path(),
        Err(_) => path.to_owned(),
        Ok(None) => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
    }
}

/// Converts a frame of another uncompressed format to RGBA, in `rgba`.
fn as_rgba<'a>(frame: &Frame, rgba: &'a mut Frame) -> Result<&'a Frame, ModelError> {
    rgba.reset(frame.width, frame.height, PixelFormat::Rgba8);
    rgba.copy_stamp_from(frame);
    crate::frame::convert::rows_to_rgba(frame, 0, frame.height, &mut rgba.data)
        .map_err(|e| ModelError::RunFailed { reason: e.to_string() })?;
    Ok(rgba)
}

fn ms_since(begin: Instant) -> f32 {
    begin.elapsed().as_secs_f32() * 1000.0
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// CenterFace's file fixes its shapes, and the network is run on images of any size.
    #[test]
    fn outputs_are_reused_only_where_their_shapes_stay() {
        for (name, reused) in [("centerface", false), ("yolox", true)] {
            let file = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/families/models")
                .join(format!("{name}.onnx"));
            let model = Model::open(&file, &OpenOptions::default()).expect("opens");
            assert_eq!(model.network.session.reuses_outputs(), reused, "{name}");
        }
    }

    /// A run that panics is caught by the engine, which goes on with the same model: a style must not go on without its
    /// matte.
    #[test]
    fn a_second_model_stays_after_a_panic() {
        let file = |name: &str| {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models").join(format!("{name}.onnx"))
        };
        let options = OpenOptions { matte: Some(file("modnet")), ..OpenOptions::default() };
        let mut model = Model::open(&file("enhance"), &options).expect("opens");
        let frame = Frame::filled(64, 64, [0, 100, 100, 255]);
        let mut results = Results::default();
        // A spec that no file gives: its decoder computes with a number of keypoints beyond all numbers.
        let spec = model.network.spec.clone();
        model.network.spec.family = Family::Yolov5;
        model.network.spec.output.keypoints = Some((usize::MAX, 2));
        let run = AssertUnwindSafe(|| model.run(&frame, &Thresholds::default(), &mut results));
        assert!(catch_unwind(run).is_err(), "the run panics");
        model.network.spec = spec;
        model.run(&frame, &Thresholds::default(), &mut results).expect("runs");
        let plane = results.plane.as_ref().expect("a plane");
        let results::PlaneValues::Image(pixels) = &plane.values else { panic!("no image") };
        assert!(
            pixels.chunks_exact(4).all(|pixel| pixel[3] == 0),
            "the matte makes the background transparent"
        );
        assert!(model.files().contains(&file("modnet")));
    }
}

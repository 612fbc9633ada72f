//! One model: what it is (spec), how we know (identify), its session, input, output and labels.

pub mod adapter;
pub mod agreement;
mod cancel;
pub mod companion;
pub mod error;
mod extras;
pub mod file;
pub mod folders;
mod free_size;
pub mod geometry;
pub mod identify;
pub mod input;
pub mod labels;
pub mod metadata;
pub mod nodes;
pub mod optimised;
pub mod output;
mod probe;
pub mod results;
mod reused_outputs;
pub mod runtime;
pub mod session;
pub mod sidecar;
mod skeletons;
pub mod spec;
pub mod steps;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

pub use cancel::CancelToken;
pub use error::ModelError;
pub use results::{Detection, Results};
pub use session::StopHandle;
pub use spec::{Family, Spec, Task, Thresholds};

use crate::frame::{Frame, PixelFormat};
use companion::Companion;
use file::GraphInfo;
use identify::Unknown;
use input::InputStage;
use output::{Context, Scratch};
use results::StageTimes;
use runtime::Provider;
use session::{Bytes, Session};
use sidecar::Sidecar;
use spec::{ExtraValue, Layout, Size};

/// How a model is to be opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOptions {
    /// Intra-op threads; `None`: chosen for this machine.
    pub threads: Option<usize>,
    /// "cpu" or another execution provider's name; `None`: CPU.
    pub device: Option<String>,
    /// Input size for models with dynamic dimensions, (width, height).
    pub size: Option<(u32, u32)>,
    /// What is known of such files from elsewhere (the catalogue); the sidecar file wins over it.
    pub hints: Sidecar,
    /// What the user chose in place of what was identified; wins over the sidecar file.
    pub overrides: Option<Sidecar>,
    /// A LoRA adapter to run the model with; see [`adapter`].
    pub adapter: Option<PathBuf>,
    /// The pose model whose skeletons a model of actions reads; `None`: the first that is found. Others pass it over.
    pub pose: Option<PathBuf>,
    /// The matting model that cuts out the image of a model from image to image, so that it covers the person
    /// only. Others pass it over.
    pub matte: Option<PathBuf>,
    /// Have the runtime write a profile of all runs to a file whose name begins so; see [`nodes`].
    pub profile: Option<PathBuf>,
    /// Where optimised forms of models are kept, so that they open faster the next time; see [`optimised`].
    pub cache: Option<PathBuf>,
    /// Ends opening and running from another thread.
    pub cancel: Option<CancelToken>,
}

/// What a model file holds, whether or not it is understood: for `models info` and the page of a model that isn't
/// known.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub facts: GraphInfo,
    /// The spec with its evidence, or why there is none.
    pub spec: Result<Spec, Unknown>,
}

/// Reads a model file without ONNX Runtime and works out what it is, its sidecar heeded.
///
/// # Errors
/// Why the file can't be read or isn't ONNX, or what is wrong in its sidecar.
pub fn inspect(path: &Path) -> Result<Inspection, ModelError> {
    let said = Sidecar::load(path)?.unwrap_or_default();
    inspect_with(path, &said)
}

/// As [`inspect`], with what the user says in place of the sidecar.
///
/// # Errors
/// Why the file can't be read or isn't ONNX.
pub fn inspect_with(path: &Path, said: &Sidecar) -> Result<Inspection, ModelError> {
    let facts = GraphInfo::read(path)?;
    check_size(path, &facts)?;
    check_external_data(path, &facts)?;
    let spec = identify::identify(&facts, said);
    Ok(Inspection { facts, spec })
}

/// Protobuf, in which ONNX files are written, ends at 2 GB.
fn check_size(path: &Path, facts: &GraphInfo) -> Result<(), ModelError> {
    if facts.bytes < 1 << 31 {
        return Ok(());
    }
    Err(ModelError::CannotRun {
        path: path.to_owned(),
        reason: "it is larger than 2 GB, the most that an ONNX file can hold".into(),
        remedy: "Export it again with its weights in a second file (external data).".into(),
    })
}

/// Weights outside the file must lie beside it: they are neither missing nor anywhere else on the disk.
fn check_external_data(path: &Path, facts: &GraphInfo) -> Result<(), ModelError> {
    use std::path::Component;
    let folder = path.parent().unwrap_or(Path::new(""));
    for name in &facts.external_data {
        let place = Path::new(name);
        let shown = name.escape_debug();
        if !place.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
            return Err(ModelError::CannotRun {
                path: path.to_owned(),
                reason: format!(
                    "it wants to read its weights from \u{201c}{shown}\u{201d}, outside its own folder"
                ),
                remedy: "Don't trust this file: get the model from its own project.".into(),
            });
        }
        if !folder.join(place).is_file() {
            return Err(ModelError::CannotRun {
                path: path.to_owned(),
                reason: format!(
                    "its weights lie in a second file, \u{201c}{shown}\u{201d}, which is missing"
                ),
                remedy: "Put that file beside the model.".into(),
            });
        }
    }
    Ok(())
}

/// An open model, ready to look at frames. Not shared: one thread runs it.
#[derive(Debug)]
pub struct Model {
    path: PathBuf,
    sha256: String,
    spec: Spec,
    session: Session,
    input: InputStage,
    scratch: Scratch,
    provider: String,
    adapter: Option<PathBuf>,
    /// A second model that looks at the same frames.
    companion: Option<Companion>,
    /// The frame for it, where it came in another format.
    rgba: Frame,
    /// Generation and file of the last frame: another file's frames don't continue them.
    seen: Option<(u64, Option<Arc<str>>)>,
    /// Files beside it that it was made of.
    others: Vec<PathBuf>,
}

impl Model {
    /// Identifies and opens a model file.
    ///
    /// # Errors
    /// Why it can't be read, understood or run.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, ModelError> {
        let said = options.hints.clone().overlaid(Sidecar::load(path)?.unwrap_or_default());
        let said = said.overlaid(options.overrides.clone().unwrap_or_default());
        let Inspection { facts, mut spec } = inspect_with(path, &said)?;
        if said.family.is_none() && !spec.as_ref().is_ok_and(|s| s.confidence >= probe::SURE) {
            probe::with_real_shapes(path, &facts, &said, options.cancel.as_ref(), &mut spec);
        }
        let mut spec = spec.map_err(|unknown| match unknown {
            Unknown::NotUnderstood(reason) => ModelError::NotUnderstood { path: path.to_owned(), reason },
            Unknown::CannotRun { reason, remedy } => {
                ModelError::CannotRun { path: path.to_owned(), reason, remedy }
            }
        })?;
        if let (Some(size), Size::Dynamic { stride, .. }) = (options.size, spec.input.size) {
            let whole = |n: u32| n.max(1).div_ceil(stride) * stride;
            spec.input.size = Size::Dynamic { width: whole(size.0), height: whole(size.1), stride };
        }
        let device = options.device.as_deref().map(session::provider_named).transpose()?;
        let sha256 = sha256(path)?;
        // A network that takes any size although its file fixes one is opened from edited bytes.
        let bytes = if spec.family == Family::CenterFace {
            let bytes = std::fs::read(path)
                .map_err(|e| ModelError::Unreadable { path: path.to_owned(), reason: e.to_string() })?;
            let freed = free_size::free_sizes(&bytes)
                .map_err(|reason| ModelError::NotOnnx { path: path.to_owned(), reason })?;
            Bytes::Memory(freed)
        } else {
            match &options.cache {
                // An adapter's weights belong to the graph as it was exported.
                Some(folder) if device.is_none_or(|d| d == Provider::Cpu) && options.adapter.is_none() => {
                    optimised::place(folder, &facts, &sha256, runtime::load()?.version()).map_or(
                        Bytes::File,
                        |place| {
                            let inputs = facts.inputs.iter().map(|port| port.name.clone()).collect();
                            Bytes::Optimised(place, inputs)
                        },
                    )
                }
                _ => Bytes::File,
            }
        };
        let mut session =
            Session::open(path, &bytes, (&spec.input.name, spec.input.element), device, options)?;
        session.set_extras(&spec.input.extras).map_err(|reason| ModelError::CannotRun {
            path: path.to_owned(),
            reason,
            remedy: "Export it again with the image as its only input.".into(),
        })?;
        if let Some(adapter) = &options.adapter {
            session.adapt(adapter)?;
        }
        let provider = match &session.fallback {
            Some(why) => format!("{} ({why})", session.provider.name()),
            None => session.provider.name().to_owned(),
        };
        let mut model = Self {
            path: path.to_owned(),
            sha256,
            input: InputStage::new(spec.input.clone()),
            spec,
            session,
            scratch: Scratch::default(),
            provider,
            adapter: options.adapter.clone(),
            companion: None,
            rgba: Frame::default(),
            seen: None,
            others: Vec::new(),
        };
        model.probe(&facts, &said)?;
        let shape = facts.inputs.first().map(|port| &port.shape[..]).unwrap_or_default();
        model.companion = companion::open(path, &mut model.spec, shape, options)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        model.others = facts.external_data.iter().map(|name| folder.join(name)).collect();
        Ok(model)
    }

    /// Every file that it was made of, whether or not it is there: its own, its sidecar, its weights outside the file,
    /// its adapter, and those of its second model and the folders where such are looked for. Where one of them changes, opening
    /// it again gives another model.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.path.clone(), sidecar::path_for(&self.path)];
        files.extend(self.others.iter().cloned());
        files.extend(self.adapter.clone());
        if companion::task_for(self.spec.task).is_some() {
            // The folders in which second models are looked for.
            files.extend(self.path.parent().map(Path::to_owned));
            files.extend(folders::model_folders());
        }
        if let Some(companion) = &self.companion {
            files.extend(companion.model().files());
        }
        files
    }

    /// Forgets every frame that it has seen: the next one begins anew, for networks that carry a state and for skeletons.
    pub fn forget(&mut self) {
        self.seen = None;
        if let Some(companion) = &mut self.companion {
            companion.model_mut().forget();
        }
    }

    /// The file's name without its ending.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// SHA-256 of the file, hex, lower case.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// What really runs it: "CPU", "CUDA", or "CPU (CUDA failed: why)".
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
        self.session.threads
    }

    /// Whether every frame stands for itself: neither it nor its second model carries anything from frame to frame.
    #[must_use]
    pub fn is_stateless(&self) -> bool {
        let carries = |extra: &spec::Extra| matches!(extra.value, ExtraValue::State { .. });
        self.spec.task != Task::Action
            && !self.spec.input.extras.iter().any(carries)
            && self.companion.as_ref().is_none_or(|c| c.model().is_stateless())
    }

    /// What ends a hanging run.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        let handle = self.session.stop_handle();
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
        if let Some(mut companion) = self.companion.take() {
            let answer = companion.warm_up(self);
            self.companion = Some(companion);
            return answer;
        }
        let (width, height) = self.spec.input.size.bound();
        let frame = Frame::filled(width, height, [114, 114, 114, 255]);
        self.run(&frame, &Thresholds::default(), &mut Results::default())?;
        self.session.reset_state()
    }

    /// Runs the bare session once more on the tensor of the last frame: the floor that everything else is measured against.
    /// Answers its milliseconds and how many bytes came out.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn bare_run(&mut self) -> Result<(f32, usize), ModelError> {
        let begin = Instant::now();
        let bytes = self.session.run(|outputs| outputs.iter().map(|o| o.data.bytes()).sum())?;
        Ok((ms_since(begin), bytes))
    }

    /// Ends the profile that was asked for in [`OpenOptions::profile`] and answers where it lies.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] where there is none.
    pub fn end_profile(&mut self) -> Result<PathBuf, ModelError> {
        self.session.end_profile()
    }

    /// How many bytes the tensor of the last frame holds.
    #[must_use]
    pub fn input_bytes(&self) -> usize {
        self.session.image_bytes()
    }

    /// Looks at one frame, RGBA or any other uncompressed format; `results` is filled anew. `StageTimes::decode` is left 0
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
        match self.companion.take() {
            Some(mut companion) => {
                // The second model cuts pieces out of the image.
                let mut rgba = std::mem::take(&mut self.rgba);
                let frame =
                    if frame.format == PixelFormat::Rgba8 { Ok(frame) } else { as_rgba(frame, &mut rgba) };
                let answer = frame.and_then(|frame| companion.run(self, frame, thresholds, results));
                self.companion = Some(companion);
                self.rgba = rgba;
                answer
            }
            None => self.run_alone(frame, thresholds, results),
        }
    }

    /// As [`Model::run`], without the second model.
    fn run_alone(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        let begin = Instant::now();
        let geometry = self.write(frame)?;
        let input = ms_since(begin);
        let mut times = self.run_written(&geometry, thresholds, results)?;
        times.input = input;
        times.total = ms_since(begin);
        Ok(times)
    }

    /// As [`Model::run`], for an image that was fitted into the network's input elsewhere: it is taken as it is, and
    /// `geometry` says where in the frame its pixels came from.
    ///
    /// # Errors
    /// As [`Model::run`]; [`ModelError::RunFailed`] too where the image isn't of the input's size.
    pub fn run_fitted(
        &mut self,
        image: &Frame,
        geometry: &geometry::Geometry,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        let own = self.write(image)?;
        if own.input != geometry.input || own.scaled != own.input {
            let (have, want) = ((image.width, image.height), geometry.input);
            return Err(ModelError::RunFailed { reason: format!("a {have:?} image isn't a {want:?} input") });
        }
        self.run_written(geometry, thresholds, results)
    }

    /// Runs the network on the tensor as it was written and decodes what comes out.
    fn run_written(
        &mut self,
        geometry: &geometry::Geometry,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        let Self { spec, session, scratch, .. } = self;
        let begin = Instant::now();
        let (inference, output) = session.run(|outputs| {
            let inference = ms_since(begin);
            let before_output = Instant::now();
            let context = Context { spec, geometry, thresholds };
            output::decode(outputs, context, scratch, results)
                .map(|()| (inference, ms_since(before_output)))
                .map_err(|reason| ModelError::UnexpectedOutput { family: spec.family.name(), reason })
        })??;
        Ok(StageTimes { decode: 0.0, input: 0.0, inference, output, total: ms_since(begin) })
    }

    /// Whether a frame comes from another source or file than the last one.
    fn begins_anew(&mut self, frame: &Frame) -> bool {
        let anew = self.seen.as_ref().is_none_or(|seen| seen.0 != frame.generation || seen.1 != frame.origin);
        if anew {
            self.seen = Some((frame.generation, frame.origin.clone()));
        }
        anew
    }

    fn write(&mut self, frame: &Frame) -> Result<geometry::Geometry, ModelError> {
        let (width, height) = self.input.fit((frame.width, frame.height)).input;
        self.session.fit_extras((width, height))?;
        if self.begins_anew(frame) {
            self.session.reset_state()?;
        }
        let (width, height) = (i64::from(width), i64::from(height));
        let shape = match self.spec.input.layout {
            Layout::Nchw => [1, 3, height, width],
            Layout::Nhwc => [1, height, width, 3],
        };
        let tensor = self.session.image(&shape)?;
        self.input.write(frame, tensor).map_err(|e| ModelError::RunFailed { reason: e.to_string() })
    }
}

/// A frame of another uncompressed format as RGBA, in `rgba`.
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

/// SHA-256 of a file, hex, lower case.
///
/// # Errors
/// [`ModelError::Unreadable`].
pub fn sha256(path: &Path) -> Result<String, ModelError> {
    use sha2::Digest as _;
    let unreadable =
        |e: std::io::Error| ModelError::Unreadable { path: path.to_owned(), reason: e.to_string() };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut hasher = sha2::Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = std::io::Read::read(&mut file, &mut chunk).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        hasher.update(&chunk[..read]);
    }
    Ok(hex(hasher))
}

/// A finished hash as hex, lower case.
#[must_use]
pub fn hex(hasher: sha2::Sha256) -> String {
    use sha2::Digest as _;
    let mut hex = String::with_capacity(64);
    for byte in hasher.finalize() {
        use std::fmt::Write as _;
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

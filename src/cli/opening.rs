//! How the commands open models.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output;
use crate::library::Catalogue;
use crate::model::isolation::{Isolation, When};
use crate::model::spec::Size;
use crate::model::{FeatureModel, Model, ModelError, OpenOptions, Spec, Task, folders};

/// How a model is opened: options that several commands share.
#[derive(Debug, clap::Args)]
pub(super) struct OpeningArgs {
    /// Input size for models that accept any: 640, or 640x384 (width x height)
    #[arg(long, value_name = "SIZE", value_parser = super::image_size)]
    imgsz: Option<(u32, u32)>,
    /// Execution provider: cpu, or another that “sightline doctor” lists [default: cpu]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// CPU threads per inference [default: chosen for this computer; for files, “predict” runs several frames at once,
    /// each with one thread]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// LoRA adapter to run the model with (`.onnx_adapter`)
    #[arg(long, value_name = "FILE")]
    adapter: Option<PathBuf>,
    /// For action recognition: the pose model to use [default: the first one next to the model or in the model folders]
    #[arg(long, value_name = "MODEL")]
    pose: Option<PathBuf>,
    /// For styles and other image-to-image models: apply only to people, found with this matting model
    #[arg(long, value_name = "MODEL")]
    person_only: Option<PathBuf>,
    /// For a model on an inference server: what runs it while the server doesn't respond, another address of it or a file
    /// on this computer; may be given several times [default: what is saved for the server]
    #[arg(long, value_name = "MODEL")]
    fallback: Vec<PathBuf>,
    #[command(flatten)]
    isolate: IsolateArgs,
}

/// A server that doesn't respond is asked again for so long: it may be restarting.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which models run in a process of their own.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct IsolateArgs {
    /// Which models run in a process of their own: “auto” those that haven't run here yet or ever crashed, “always” all,
    /// “never” none
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    isolate: Isolate,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Isolate {
    #[default]
    Auto,
    Always,
    Never,
}

impl IsolateArgs {
    pub fn isolation(self) -> Isolation {
        Isolation::of_user(match self.isolate {
            Isolate::Auto => When::Needed,
            Isolate::Always => When::Always,
            Isolate::Never => When::Never,
        })
    }
}

impl OpeningArgs {
    /// The adapter that was named.
    pub fn adapter(&self) -> Option<&Path> {
        self.adapter.as_deref()
    }

    /// The options with which a model is opened. Ctrl-C ends its work.
    ///
    /// # Errors
    /// A second model that isn't known.
    pub fn options(&self, interrupt: &Interrupt) -> Result<OpenOptions, Failure> {
        let second =
            |named: &Option<PathBuf>| named.as_deref().map(|m| super::chosen_model(Some(m))).transpose();
        Ok(OpenOptions {
            inside: None,
            threads: self.threads.map(usize::from),
            device: self.device.clone(),
            size: self.imgsz,
            known: Arc::new(Catalogue::load()).known(),
            overrides: None,
            adapter: self.adapter.clone(),
            pose: second(&self.pose)?,
            matte: second(&self.person_only)?,
            profile: None,
            cache: folders::cache_folder(),
            isolation: Some(self.isolate.isolation()),
            fallbacks: self
                .fallback
                .iter()
                .map(|named| super::chosen_model(Some(named)))
                .collect::<Result<_, _>>()?,
            patience: PATIENCE,
            cancel: Some(interrupt.cancel_token()),
        })
    }

    /// Opens a model and runs it once on an empty image, so that the first real frame is not slow.
    ///
    /// # Errors
    /// Why it can't be opened, what does not fit the options, or [`Failure::Interrupted`].
    pub fn open(&self, path: &Path, options: &OpenOptions, interrupt: &Interrupt) -> anyhow::Result<Model> {
        self.open_by(Model::open, path, options, interrupt)
    }

    /// As [`Self::open`], for times that are compared with others; see [`Model::open_proved`].
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_proved(
        &self,
        path: &Path,
        options: &OpenOptions,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Model> {
        let model = self.open_by(Model::open_proved, path, options, interrupt)?;
        if model.is_apart() {
            output::note(&format!(
                "{} runs in a process of its own, which adds a little to its times.",
                output::printable(&model.name())
            ));
        }
        Ok(model)
    }

    fn open_by(
        &self,
        open: fn(&Path, &OpenOptions) -> Result<Model, ModelError>,
        path: &Path,
        options: &OpenOptions,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Model> {
        let (path, options) = (path.to_owned(), options.clone());
        // On a thread of its own: opening may take a minute, and Ctrl-C can't always end it.
        let opened = interrupt.attend("open model", move || -> Result<Model, ModelError> {
            let mut model = open(&path, &options)?;
            model.warm_up()?;
            Ok(model)
        })?;
        let model = opened?;
        self.check(model.spec())?;
        if let (Some(asked), Size::Fixed { width, height }) = (self.imgsz, model.spec().input.size)
            && asked != (width, height)
        {
            output::note(&format!(
                "\u{201c}--imgsz\u{201d} has no effect: {} takes {width}\u{d7}{height} only.",
                model.name()
            ));
        }
        Ok(model)
    }

    /// Opens the model that tells what objects look like.
    ///
    /// # Errors
    /// Why it can't be opened or used for that, or [`Failure::Interrupted`].
    pub fn open_features(&self, path: &Path, interrupt: &Interrupt) -> anyhow::Result<FeatureModel> {
        let path = super::chosen_model(Some(path))?;
        let options = OpenOptions {
            threads: self.threads.map(usize::from),
            isolation: Some(self.isolate.isolation()),
            cancel: Some(interrupt.cancel_token()),
            ..OpenOptions::default()
        };
        Ok(interrupt.attend("open model", move || FeatureModel::open(&path, &options))??)
    }

    /// Whether the options for a second model fit the task of the first one.
    fn check(&self, spec: &Spec) -> Result<(), Failure> {
        let wrong = |option: &str, wants: &str| {
            let message = format!(
                "\u{201c}{option}\u{201d} is for {wants}; this model\u{2019}s task is \u{201c}{}\u{201d}.",
                spec.task
            );
            Err(Failure::usage(
                message,
                format!("Leave \u{201c}{option}\u{201d} out, or choose another model."),
            ))
        };
        if self.pose.is_some() && spec.task != Task::Action {
            return wrong("--pose", "action recognition");
        }
        if self.person_only.is_some() && spec.task != Task::Stylize {
            return wrong("--person-only", "image-to-image models");
        }
        Ok(())
    }
}

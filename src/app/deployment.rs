//! Deploying a model for an inference server: what is asked for, and how far it is.

use std::path::PathBuf;

use crate::deploy::{DeployError, Deployed, Target};

/// What is to be written, as the dialogue says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployOrder {
    /// The model's file.
    pub model: PathBuf,
    /// What the window calls the model.
    pub title: String,
    pub target: Target,
    /// Its name on the server as it was typed; empty: that of its file.
    pub name: String,
    /// For a Triton that has no backend for ONNX files.
    pub python: bool,
    pub gpu: bool,
    /// The folder of all deployments, as it was typed.
    pub folder: String,
}

/// How far deploying is. One model is written at a time.
#[derive(Debug, Default)]
pub enum Deployment {
    #[default]
    Idle,
    /// A worker writes it.
    Writing(Box<DeployOrder>),
    /// It is written; until its dialogue is closed.
    Done(Box<DeployOrder>, Box<Deployed>),
    /// Nothing was written; until its dialogue is closed or another try is made.
    Failed(Box<DeployOrder>, DeployError),
}

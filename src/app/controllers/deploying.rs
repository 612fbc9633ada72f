//! Writing a model for an inference server, on a worker.

use std::sync::Arc;

use super::core::Core;
use crate::app::deployment::{DeployOrder, Deployment};
use crate::app::strings::target_name;
use crate::app::workers::{Done, LibraryDone};
use crate::deploy::{self, DeployError, Deployed, Options};
use crate::source::address::typed_path;

/// What a worker brought; `None`: it ended without a result.
pub(super) type Outcome = Option<Result<Box<Deployed>, DeployError>>;

/// Begins to write a model, unless another one is being written.
pub(super) fn start(state: &mut Deployment, order: Box<DeployOrder>, replace: bool, core: &Core) {
    if matches!(state, Deployment::Writing(_)) {
        return;
    }
    *state = Deployment::Writing(order.clone());
    let catalogue = Arc::clone(&core.catalogue);
    let broken = Done::Library(LibraryDone::Deployed(order.clone(), None));
    core.workers.run_or("deploy", broken, move || {
        let name = order.name.trim();
        let options = Options {
            name: (!name.is_empty()).then(|| name.to_owned()),
            python: order.python && order.target == deploy::Target::Triton,
            gpu: order.gpu,
            force: replace,
            ..Options::default()
        };
        let known = catalogue.hints(&order.model);
        let folder = typed_path(&order.folder);
        let deployed = deploy::deploy(&order.model, &known, order.target, &folder, &options);
        Done::Library(LibraryDone::Deployed(order, Some(deployed.map(Box::new))))
    });
}

/// Takes over what the worker brought. The dialogue of the model shows it; `is_shown`: it is open, otherwise a message tells.
pub(super) fn done(
    state: &mut Deployment,
    order: Box<DeployOrder>,
    outcome: Outcome,
    is_shown: bool,
    core: &mut Core,
) {
    *state = match outcome {
        Some(Ok(deployed)) => {
            if !is_shown {
                let w = &core.strings().deploy;
                core.toasts.good(&(w.done)(&deployed.name, target_name(order.target)), w.see_again);
            }
            Deployment::Done(order, deployed)
        }
        Some(Err(error)) if is_shown => Deployment::Failed(order, error),
        Some(Err(error)) => {
            core.failed_with(&error);
            Deployment::Idle
        }
        None => {
            core.failed(core.strings().try_again);
            Deployment::Idle
        }
    };
}

/// The dialogue was closed: what it showed is forgotten, what is being written goes on.
pub(super) fn closed(state: &mut Deployment) {
    if !matches!(state, Deployment::Writing(_)) {
        *state = Deployment::Idle;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::deploy::Target;

    fn order(folder: &Path) -> DeployOrder {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models/yolox.onnx");
        DeployOrder {
            model,
            title: "YOLOX".into(),
            target: Target::Triton,
            name: " street 1 ".into(),
            python: true,
            gpu: false,
            folder: folder.display().to_string(),
        }
    }

    /// Waits for the worker and takes over what it brought.
    fn finish(state: &mut Deployment, is_shown: bool, core: &mut Core) {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(Done::Library(LibraryDone::Deployed(order, outcome))) = core.workers.next() {
                return done(state, order, outcome, is_shown, core);
            }
            assert!(Instant::now() < end, "the worker brings something");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_model_is_written_by_a_worker_as_the_dialogue_says() {
        let home = tempfile::tempdir().unwrap();
        let (mut core, mut state) = (Core::bare(home.path()), Deployment::Idle);
        let folder = home.path().join("made/here");
        start(&mut state, Box::new(order(&folder)), false, &core);
        assert!(matches!(state, Deployment::Writing(_)));
        closed(&mut state);
        assert!(matches!(state, Deployment::Writing(_)), "what is being written goes on");
        start(&mut state, Box::new(order(home.path())), false, &core);
        finish(&mut state, true, &mut core);
        let Deployment::Done(_, deployed) = &state else { panic!("{state:?}") };
        assert_eq!((deployed.name.as_str(), &deployed.folder), ("street_1", &folder), "the first one's");
        assert!(folder.join("street_1/1/model.py").is_file(), "in Python");
        assert!(core.toasts.newest_failure().is_none());
        closed(&mut state);
        assert!(matches!(state, Deployment::Idle));
    }

    #[test]
    fn nothing_stays_after_a_failure() {
        let home = tempfile::tempdir().unwrap();
        let (mut core, mut state) = (Core::bare(home.path()), Deployment::Idle);
        start(&mut state, Box::new(order(home.path())), false, &core);
        finish(&mut state, true, &mut core);
        closed(&mut state);
        // Another content under the same name.
        let other = || Box::new(DeployOrder { gpu: true, ..order(home.path()) });
        start(&mut state, other(), false, &core);
        finish(&mut state, true, &mut core);
        assert!(matches!(&state, Deployment::Failed(_, DeployError::Exists { .. })), "{state:?}");
        start(&mut state, other(), true, &core);
        finish(&mut state, true, &mut core);
        assert!(matches!(state, Deployment::Done(..)), "{state:?}");
        // Behind a closed dialogue, a message tells.
        start(&mut state, Box::new(order(&home.path().join("street_1/config.pbtxt"))), false, &core);
        finish(&mut state, false, &mut core);
        assert!(matches!(state, Deployment::Idle) && core.toasts.newest_failure().is_some());
        core.workers.break_next.store(true, std::sync::atomic::Ordering::Relaxed);
        start(&mut state, other(), true, &core);
        finish(&mut state, true, &mut core);
        assert!(matches!(state, Deployment::Idle), "a worker that breaks leaves nothing: {state:?}");
    }
}

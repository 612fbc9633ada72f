//! The life cycles of models, as data: what is open, being opened, compared, and what the workers are given.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::in_flight::InFlight;
use super::pace::Tuner;
use super::session::Session;
use crate::engine::choice::ModelChoice;
use crate::model::CancelToken;

/// Which sessions the workers run now. Never changed, only replaced.
#[derive(Debug, Default)]
pub(in crate::engine) struct Assignment {
    /// Grows whenever another session becomes the first; results of an older epoch no longer count.
    pub epoch: u64,
    pub first: Option<Arc<Session>>,
    /// Counts the choices of models to compare.
    pub choice: u64,
    /// In the order in which they were asked for; `None`: not open (yet).
    pub compared: Vec<Option<Arc<Session>>>,
    /// Further sessions of the first model, for the other workers.
    pub further: Vec<Arc<Session>>,
}

impl Assignment {
    /// The session at a place: 0 is the first model, then those compared with it.
    pub fn at(&self, place: usize) -> Option<&Arc<Session>> {
        match place {
            0 => self.first.as_ref(),
            _ => self.compared.get(place - 1)?.as_ref(),
        }
    }

    pub fn sessions(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.first.iter().chain(self.compared.iter().flatten()).chain(&self.further)
    }
}

/// The first model's life cycle, apart from what is being opened.
#[derive(Debug, Default)]
pub(super) enum FirstModel {
    #[default]
    None,
    /// The worker has it, and it has no result yet. `previous` ran before and comes back if it fails at once.
    Warming {
        session: Arc<Session>,
        previous: Option<Arc<Session>>,
    },
    Running(Arc<Session>),
}

impl FirstModel {
    /// The session that the worker is given.
    pub fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::None => None,
            Self::Warming { session, .. } | Self::Running(session) => Some(session),
        }
    }

    /// Whether this session is in use here, or may be again.
    pub fn holds(&self, session: &Arc<Session>) -> bool {
        let is = |other: &Arc<Session>| Arc::ptr_eq(other, session);
        match self {
            Self::None => false,
            Self::Running(session) => is(session),
            Self::Warming { session, previous } => is(session) || previous.as_ref().is_some_and(is),
        }
    }

    /// The session that has proved itself.
    pub fn proved(self) -> Option<Arc<Session>> {
        match self {
            Self::None => None,
            Self::Warming { previous, .. } => previous,
            Self::Running(session) => Some(session),
        }
    }
}

/// The life cycle of a compared model.
#[derive(Debug)]
pub(super) enum ComparedPhase {
    /// It is to be opened.
    Wanted,
    Running(Arc<Session>),
    Failed,
}

#[derive(Debug)]
pub(super) struct Compared {
    pub choice: ModelChoice,
    pub phase: ComparedPhase,
}

/// The further sessions of the first model: for every other frame, or for frames that are on their way to a server at once.
#[derive(Debug, Default)]
pub(super) struct Further {
    /// Those that run.
    pub running: Vec<Arc<Session>>,
    /// One more is to be opened.
    pub wanted: Option<WantedSession>,
}

/// A further session that is to be opened for the first session `of`.
#[derive(Debug)]
pub(super) struct WantedSession {
    pub of: u64,
    pub choice: Box<ModelChoice>,
}

impl Further {
    /// Whether there is none, and none is to be opened.
    pub fn is_off(&self) -> bool {
        self.running.is_empty() && self.wanted.is_none()
    }
}

/// What the loader is to open.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Job {
    pub choice: ModelChoice,
    pub place: JobPlace,
}

/// What a session is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum JobPlace {
    First,
    Compared,
    /// A further session of the first one, which has this id.
    Further(u64),
}

/// Everything that [`Models`](super::models::Models) decides about.
#[derive(Default)]
pub(super) struct Inner {
    /// The model that is to be opened as the first.
    pub wanted: Option<ModelChoice>,
    /// The wanted model couldn't be opened because its server doesn't respond: it is tried again then, after a pause of that length.
    pub again: Option<(Instant, Duration)>,
    pub active: FirstModel,
    pub compared: Vec<Compared>,
    pub further: Further,
    pub epoch: u64,
    /// Counts the choices of models to compare.
    pub choice: u64,
    /// What the loader does now.
    pub loading: Option<(Job, CancelToken)>,
    /// Sessions that no worker is to run any more and that one may still be running, with the time of their replacement.
    pub replaced: Vec<(Arc<Session>, Instant)>,
    pub tuner: Tuner,
    pub in_flight: InFlight,
    pub tuned: Option<Instant>,
    pub stopping: bool,
}

impl Inner {
    /// Which of the compared models of this choice is to be opened.
    pub fn position_of_wanted(&self, choice: &ModelChoice) -> Option<usize> {
        self.compared.iter().position(|c| c.choice == *choice && matches!(c.phase, ComparedPhase::Wanted))
    }

    pub fn wanted_compared(&mut self, choice: &ModelChoice) -> Option<&mut Compared> {
        let at = self.position_of_wanted(choice)?;
        self.compared.get_mut(at)
    }

    /// Which of the compared models this session runs.
    pub fn place_of(&self, session: &Arc<Session>) -> Option<usize> {
        let runs = |c: &Compared| matches!(&c.phase, ComparedPhase::Running(running) if Arc::ptr_eq(running, session));
        self.compared.iter().position(runs)
    }

    /// Whether the loader's job is still wanted.
    pub fn is_wanted(&self, job: &Job) -> bool {
        !self.stopping
            && match job.place {
                JobPlace::First => self.wanted.as_ref() == Some(&job.choice),
                JobPlace::Compared => self.position_of_wanted(&job.choice).is_some(),
                JobPlace::Further(of) => self.further.wanted.as_ref().is_some_and(|wanted| wanted.of == of),
            }
    }

    /// Ends the loader's work on a model that nobody wants any more: one that takes minutes must not hold up the next.
    pub fn cancel_unwanted(&self) {
        if let Some((job, cancel)) = &self.loading
            && !self.is_wanted(job)
        {
            cancel.cancel();
        }
    }

    /// What the loader is to open next.
    pub fn next_job(&self) -> Option<Job> {
        if self.stopping {
            return None;
        }
        let is_due = self.again.is_none_or(|(at, _)| Instant::now() >= at);
        if let Some(choice) = self.wanted.as_ref().filter(|_| is_due) {
            return Some(Job { choice: choice.clone(), place: JobPlace::First });
        }
        // The model that another one is about to replace as the first is free in a moment: it need not be opened twice.
        let is_about_to_be_free = |choice: &ModelChoice| matches!(&self.active, FirstModel::Warming { previous: Some(previous), .. } if previous.choice == *choice);
        let wanted =
            |c: &&Compared| matches!(c.phase, ComparedPhase::Wanted) && !is_about_to_be_free(&c.choice);
        if let Some(compared) = self.compared.iter().find(wanted) {
            return Some(Job { choice: compared.choice.clone(), place: JobPlace::Compared });
        }
        let further = self.further.wanted.as_ref()?;
        Some(Job { choice: ModelChoice::clone(&further.choice), place: JobPlace::Further(further.of) })
    }
}

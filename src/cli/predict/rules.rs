//! `--rules`: which rules fire on the frames of the sources, and with `--act` what they do then.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output;
use crate::engine::{ModelInfo, Prediction, Predictor as _};
use crate::events::text::describe;
use crate::events::{
    Desk, EventRecord, Happening, Problem, Rules, RulesError, Seen, WatchOptions, log_file, rules_file,
};
use crate::frame::Frame;
use crate::model::labels::Language;
use crate::model::results::StageTimes;
use crate::model::{Model, Results, Thresholds};
use crate::privacy::{Found, Privacy};
use crate::save::FrameRecord;
use crate::scene::Style;
use crate::settings;
use crate::track::Report;

/// How long a frame waits at most for the log and for actions that are behind: files are read faster than cameras.
const BEHIND: Duration = Duration::from_secs(2);
/// How long the end waits for actions: a server that is overloaded is asked again for so long.
const END: Duration = Duration::from_secs(100);
/// The same after Ctrl-C.
const INTERRUPTED: Duration = Duration::from_secs(1);

/// What `sightline predict` takes for rules.
#[derive(Debug, clap::Args)]
pub struct RulesArgs {
    /// Tell which rules of this file fire, or of the window's rules if none is named; nothing is logged, run or sent without
    /// --act (docs/rules.md)
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, conflicts_with = "live_latency")]
    #[expect(clippy::option_option, reason = "without --rules, with it, and with a file")]
    pub rules: Option<Option<PathBuf>>,
    /// With --rules: write what happens into the event log and carry out the rules' actions, as the window does
    #[arg(long, requires = "rules")]
    pub act: bool,
    /// With --act: the event log [default: the window's]
    #[arg(long, value_name = "FILE", requires = "act")]
    pub log: Option<PathBuf>,
}

impl From<RulesError> for Failure {
    fn from(error: RulesError) -> Self {
        Self::failed(error.to_string(), error.fix())
    }
}

/// Rules, and what came of them.
#[derive(Debug)]
pub struct Judging {
    desk: Desk,
    happenings: Receiver<Happening>,
    rules: Arc<Rules>,
    options: WatchOptions,
    model: Option<Arc<ModelInfo>>,
    acts: bool,
    /// Why rules can't fire was said; it is known when the first frame was analysed.
    said_obstacles: bool,
    /// A scene file was given.
    pub has_scene: bool,
    /// What happened in the newest frame.
    events: Vec<Arc<EventRecord>>,
    /// How often each rule fired.
    fired: Vec<(String, u64)>,
    /// The last failure of each action that was told.
    failures: HashMap<(String, usize), String>,
}

impl Judging {
    /// Reads the rules; `None`: none were asked for.
    ///
    /// # Errors
    /// Why the rules can't be read, or that none of them can fire.
    pub fn open(args: &RulesArgs, blur: &Privacy, language: Language) -> Result<Option<Self>, Failure> {
        let Some(file) = &args.rules else { return Ok(None) };
        let mut rules = read(file.as_deref())?;
        for rule in &rules.unreadable {
            output::note(&format!(
                "The rule \u{201c}{}\u{201d} is left out: it can\u{2019}t be read ({}).",
                rule.name, rule.reason
            ));
        }
        let mut options = WatchOptions {
            privacy: blur.clone(),
            style: Style { language, ..Style::default() },
            ..WatchOptions::default()
        };
        let mut log = None;
        if args.act {
            // Pictures are made as in the window, and hide whom it hides.
            if let Some(path) = settings::settings_file().filter(|path| path.exists()) {
                let Some((snapshot, privacy)) = settings::peek_pictures(&path) else {
                    let message = format!(
                        "The settings in \u{201c}{}\u{201d} can\u{2019}t be read, so it isn\u{2019}t known whom \
                         pictures of events must hide.",
                        path.display()
                    );
                    return Err(Failure::failed(message, "Start the window once, which mends the file."));
                };
                options.snapshot = snapshot;
                if !options.privacy.on {
                    options.privacy = privacy;
                }
            }
            log = args.log.clone().or_else(log_file);
            if log.is_none() {
                let fix = "Name the log with \u{201c}--log\u{201d}.";
                return Err(Failure::usage("This account has no home folder.", fix));
            }
        } else {
            // A trial: nothing leaves the program.
            rules.rules.iter_mut().for_each(|rule| rule.actions.clear());
        }
        for rule in rules.rules.iter().filter(|rule| rule.enabled) {
            if let Some(problem) = rule.problem(rules.mqtt.as_ref()) {
                output::note(&format!("\u{201c}{}\u{201d}: {problem} {}", rule.name, problem.fix()));
            }
        }
        let rules = Arc::new(rules);
        let mut desk = Desk::new(log, Arc::new(|| {}));
        desk.set_rules(Arc::clone(&rules));
        if !desk.has_rules() {
            let message = "None of the rules can fire.";
            return Err(Failure::failed(
                message,
                "Turn one on, or mend it, in the window (key E) or in the file.",
            ));
        }
        Ok(Some(Self {
            happenings: desk.happenings(),
            desk,
            rules,
            options,
            model: None,
            acts: args.act,
            said_obstacles: false,
            has_scene: false,
            events: Vec::new(),
            fired: Vec::new(),
            failures: HashMap::new(),
        }))
    }

    /// This model runs.
    pub fn set_model(&mut self, model: &Model) {
        self.model = Some(Arc::new(model.info()));
    }

    /// A source begins.
    pub fn begin(&mut self, source: &str) {
        source.clone_into(&mut self.options.source);
        self.desk.restart();
        self.desk.set_options(Arc::new(self.options.clone()));
    }

    /// Judges a frame (RGBA).
    pub fn frame(
        &mut self,
        frame: &Frame,
        (results, thresholds, times): (&Results, &Thresholds, &StageTimes),
        report: &Arc<Report>,
    ) {
        self.events.clear();
        let Some(model) = self.model.clone() else { return };
        let labels = &model.spec.labels;
        if !std::mem::replace(&mut self.said_obstacles, true) {
            self.say_obstacles(&model, report);
        }
        let prediction = || {
            Some(Arc::new(Prediction {
                frame: Arc::new(frame.clone()),
                results: results.clone(),
                model: Arc::clone(&model),
                thresholds: thresholds.clone(),
                times: *times,
                finished: Instant::now(),
                looks: crate::track::Looks::default(),
                report: Some(Arc::clone(report)),
            }))
        };
        let found = Found { results, labels, thresholds };
        self.desk.frame(&Seen { frame, found, report }, prediction);
        self.gather();
        let until = Instant::now() + BEHIND;
        while self.desk.is_behind() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
            self.gather();
        }
    }

    fn say_obstacles(&self, model: &ModelInfo, report: &Report) {
        for rule in self.rules.rules.iter().filter(|rule| rule.enabled) {
            let Some(problem) = rule.obstacle(Some(&model.spec.labels), Some(report)) else { continue };
            let is_place = matches!(problem, Problem::UnknownZone { .. } | Problem::UnknownLine { .. });
            let fix = if is_place && !self.has_scene {
                "Give the scene file with \u{201c}--scene FILE\u{201d}."
            } else {
                problem.fix()
            };
            output::note(&format!("\u{201c}{}\u{201d}: {problem} {fix}", rule.name));
        }
    }

    /// Takes over what the desk tells.
    fn gather(&mut self) {
        self.desk.gather();
        for happening in self.happenings.try_iter() {
            match happening {
                Happening::Fired { event, .. } => {
                    match self.fired.iter_mut().find(|(rule, _)| *rule == event.rule) {
                        Some((_, count)) => *count += 1,
                        None => self.fired.push((event.rule.clone(), 1)),
                    }
                    self.events.push(event);
                }
                Happening::Outcome(outcome) => {
                    let Err(error) = outcome.result else { continue };
                    let text = format!("\u{201c}{}\u{201d}: {error} {}", outcome.rule, error.fix());
                    let key = (outcome.rule, outcome.action);
                    // The same failure is told once.
                    if self.failures.get(&key) != Some(&text) {
                        output::note(&text);
                        self.failures.insert(key, text);
                    }
                }
                Happening::Logged => {}
                Happening::LogTrouble(error) => output::note(&format!("{error} {}", error.fix())),
            }
        }
    }

    /// What happened in the newest frame, as lines.
    pub fn lines(&self, language: Language) -> impl Iterator<Item = String> {
        self.events.iter().map(move |event| {
            let what = describe(event, language);
            format!("  {}: {}", output::printable(&event.rule), output::printable(&what))
        })
    }

    /// The JSON of a frame with what happened in it.
    #[must_use]
    pub fn json(&self, record: &FrameRecord) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            record: &'a FrameRecord,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            events: Vec<&'a EventRecord>,
        }
        let events = self.events.iter().map(|event| &**event).collect();
        // Only strings and finite numbers: this can't fail.
        serde_json::to_string(&Line { record, events }).unwrap_or_default()
    }

    /// A source has ended: all alerts close.
    pub fn end(&mut self) {
        self.events.clear();
        self.desk.restart();
    }

    /// Waits until actions and log are done.
    pub fn finish(&mut self, interrupted: bool) {
        self.desk.finish(if interrupted { INTERRUPTED } else { END });
        self.gather();
    }

    /// How often each rule fired, and what was done.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut rows = vec![vec!["rule".to_owned(), "events".to_owned()]];
        for rule in self.rules.rules.iter().filter(|rule| rule.enabled) {
            let count = self.fired.iter().find(|(name, _)| *name == rule.name).map_or(0, |(_, count)| *count);
            rows.push(vec![output::printable(&rule.name).into_owned(), count.to_string()]);
        }
        let done = if self.acts {
            "They are in the event log: \u{201c}sightline events\u{201d} lists it."
        } else {
            "Nothing was logged, run or sent: that takes \u{201c}--act\u{201d}."
        };
        format!("\n{}\n{done}\n", output::table(&rows, &[false, true]))
    }
}

/// Reads the rules of a file, or the window's.
fn read(file: Option<&Path>) -> Result<Rules, Failure> {
    let Some(path) = file.map(Path::to_owned).or_else(rules_file) else {
        let fix = "Name the file: \u{201c}--rules=FILE\u{201d}.";
        return Err(Failure::usage("This account has no home folder.", fix));
    };
    if !path.exists() {
        let message = format!("There are no rules at \u{201c}{}\u{201d}.", path.display());
        let fix = if file.is_some() {
            "Check its name."
        } else {
            "Make one in the window (key E), or name a file: \u{201c}--rules=FILE\u{201d}."
        };
        return Err(Failure::failed(message, fix));
    }
    Ok(Rules::load(&path)?)
}

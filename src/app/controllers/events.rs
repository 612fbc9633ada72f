//! Events and rules: the thread that watches results, the file of rules, the log's list.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Core;
use crate::app::events::{EventRow, EventsPage, Tested};
use crate::app::intent::{EventsIntent, Intent, Page};
use crate::app::strings::Explain as _;
use crate::app::workers::{Done, EventsDone, Listed};
use crate::events::actions::{ActionError, Outcome};
use crate::events::text::describe;
use crate::events::{
    Action, ClipAction, EventRecord, ExportFormat, Filter, Happening, Log, LogError, Problem, Rule, Rules,
    RulesError, Thumbnail, Watch, WatchOptions, export, log_file, rules_file,
};

/// Events of a page of the list.
const PAGE: usize = 50;
/// Deleted events that can be brought back.
const KEPT: usize = 500;
/// Messages that a rule fired come at most this often.
const TOAST_EVERY: Duration = Duration::from_secs(3);

/// See the module.
pub struct EventsController {
    pub page: EventsPage,
    pub rules: Arc<Rules>,
    pub rules_file: Option<PathBuf>,
    pub rules_error: Option<RulesError>,
    /// Why enabled rules can't fire now, by their names.
    pub obstacles: Vec<(String, Problem)>,
    pub log_trouble: Option<LogError>,
    /// Events since the page was last shown.
    pub unseen: usize,
    log_file: Option<PathBuf>,
    /// Runs once there is a rule.
    watch: Option<Watch>,
    /// What the watch was given last.
    options: Arc<WatchOptions>,
    /// A worker writes the rules; they have changed again since.
    saving: bool,
    changed: bool,
    /// When a message told of a rule that fired.
    told: Option<Instant>,
    /// The last failure of each action that a message told of.
    failures: HashMap<(String, usize), String>,
}

impl std::fmt::Debug for EventsController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventsController").field("rules", &self.rules.rules.len()).finish_non_exhaustive()
    }
}

impl EventsController {
    /// Nothing is watched yet.
    #[must_use]
    pub fn new() -> Self {
        Self::at(rules_file(), log_file())
    }

    /// Reads the rules on a worker.
    pub fn begin(&self, core: &Core) {
        self.reload(core);
    }

    /// With these files.
    fn at(rules_file: Option<PathBuf>, log_file: Option<PathBuf>) -> Self {
        Self {
            page: EventsPage::default(),
            rules: Arc::default(),
            rules_file,
            rules_error: None,
            obstacles: Vec::new(),
            log_trouble: None,
            unseen: 0,
            log_file,
            watch: None,
            options: Arc::default(),
            saving: false,
            changed: false,
            told: None,
            failures: HashMap::new(),
        }
    }

    /// Carries out an intent.
    pub fn apply(&mut self, intent: EventsIntent, core: &mut Core) {
        match intent {
            EventsIntent::List { filter, after } => self.list(filter, after, core),
            EventsIntent::Delete(ids) => {
                self.change_log(core, "delete events", move |log| {
                    let deleted = log.delete(&Filter::default(), Some(&ids), KEPT)?;
                    Ok(EventsDone::Deleted(deleted))
                });
            }
            EventsIntent::DeleteListed(filter) => {
                self.change_log(core, "delete events", move |log| {
                    Ok(EventsDone::Deleted(log.delete(&filter, None, KEPT)?))
                });
            }
            EventsIntent::Restore(deleted) => {
                self.change_log(core, "restore events", move |log| {
                    log.restore(&deleted).map(|()| EventsDone::Changed)
                });
            }
            EventsIntent::Export(filter, format) => self.export(filter, format, core),
            EventsIntent::SaveRule(original, rule) => {
                self.change_rules(core, |rules| {
                    let place = original.and_then(|name| rules.iter().position(|of| of.name == name));
                    match place.and_then(|place| rules.get_mut(place)) {
                        Some(old) => *old = *rule,
                        None => rules.push(*rule),
                    }
                });
                self.page.close_editor();
            }
            EventsIntent::Enable(name, on) => self.change_rules(core, |rules| {
                if let Some(rule) = rules.iter_mut().find(|rule| rule.name == name) {
                    rule.enabled = on;
                }
            }),
            EventsIntent::DeleteRule(name) => {
                let Some(rule) = self.rules.rules.iter().find(|rule| rule.name == name).cloned() else {
                    return;
                };
                self.change_rules(core, |rules| rules.retain(|rule| rule.name != name));
                let s = core.strings();
                let undo = Intent::Events(EventsIntent::SaveRule(None, Box::new(rule)));
                core.toasts.good(s.events.rule_deleted, name).undo = Some(undo);
            }
            EventsIntent::Broker(broker) => {
                let mut rules = Rules::clone(&self.rules);
                rules.mqtt = broker.map(|broker| *broker);
                self.set_rules(rules, core);
                self.save(core);
            }
            EventsIntent::LogLimit(limit) => {
                let mut rules = Rules::clone(&self.rules);
                rules.log_limit_mb = limit;
                self.set_rules(rules, core);
                self.save(core);
            }
            EventsIntent::Test(rule, place) => {
                self.start(core);
                if let Some(watch) = &self.watch {
                    watch.test(Arc::new(*rule), place);
                }
            }
            EventsIntent::Reload => self.reload(core),
        }
    }

    fn reload(&self, core: &Core) {
        let Some(path) = self.rules_file.clone() else { return };
        core.workers.run("read rules", move || Done::Events(EventsDone::Loaded(Rules::load(&path))));
    }

    fn change_rules(&mut self, core: &mut Core, change: impl FnOnce(&mut Vec<Rule>)) {
        let mut rules = Rules::clone(&self.rules);
        change(&mut rules.rules);
        self.set_rules(rules, core);
        self.save(core);
    }

    fn set_rules(&mut self, rules: Rules, core: &Core) {
        self.rules = Arc::new(rules);
        if !self.rules.rules.is_empty() {
            self.start(core);
        }
        if let Some(watch) = &self.watch {
            watch.set_rules(Arc::clone(&self.rules));
        }
    }

    /// Starts the thread that watches results, unless it runs.
    fn start(&mut self, core: &Core) {
        if self.watch.is_some() {
            return;
        }
        // Before the first frame: it may show whom privacy hides.
        self.follow_options(core);
        let wake = core.workers.waker();
        match Watch::start(&core.engine, self.log_file.clone(), wake) {
            Ok(watch) => {
                watch.set_options(Arc::clone(&self.options));
                watch.set_rules(Arc::clone(&self.rules));
                self.watch = Some(watch);
            }
            Err(error) => tracing::error!("no thread for rules: {error}"),
        }
    }

    /// Writes the rules on a worker, one write after the other.
    fn save(&mut self, core: &Core) {
        let Some(path) = self.rules_file.clone() else { return };
        // A file that couldn't be understood is left as it is.
        if self.rules_error.is_some() {
            return;
        }
        if std::mem::replace(&mut self.saving, true) {
            self.changed = true;
            return;
        }
        self.changed = false;
        let rules = Arc::clone(&self.rules);
        core.workers.run("write rules", move || Done::Events(EventsDone::Saved(rules.save(&path))));
    }

    fn list(&self, filter: Filter, after: Option<Box<EventRecord>>, core: &Core) {
        let Some(path) = self.log_file.clone() else { return };
        core.workers.run("list events", move || {
            let read = || -> Result<Listed, LogError> {
                let Some(log) = Log::open_to_read(&path)? else { return Ok(Listed::default()) };
                let page = log.page(&filter, after.as_deref(), PAGE)?;
                let picture =
                    |event: &EventRecord| log.thumbnail(event.id).ok().flatten().and_then(|j| decoded(&j));
                let pictures = page.events.iter().map(picture).collect();
                Ok(Listed {
                    count: log.count(&filter)?,
                    summary: log.summary()?,
                    page,
                    pictures,
                    filter: filter.clone(),
                    follows: after.is_some(),
                })
            };
            Done::Events(EventsDone::Listed(read().map(Box::new)))
        });
    }

    fn change_log(
        &self,
        core: &Core,
        name: &str,
        change: impl FnOnce(&mut Log) -> Result<EventsDone, LogError> + Send + 'static,
    ) {
        let Some(path) = self.log_file.clone() else { return };
        core.workers.run(name, move || {
            let changed = Log::open_to_change(&path).and_then(|mut log| change(&mut log));
            Done::Events(changed.unwrap_or_else(EventsDone::LogFailed))
        });
    }

    /// Writes events into the folder of snapshots.
    fn export(&self, filter: Filter, format: ExportFormat, core: &Core) {
        let Some(path) = self.log_file.clone() else { return };
        let folder = core.settings.snapshot.folder.clone().unwrap_or_else(crate::save::default_folder);
        core.workers.run("export events", move || {
            let now = chrono::Local::now().format("%Y-%m-%d %H.%M.%S");
            let file = folder.join(format!("Sightline events {now}.{}", format.ending()));
            let failed =
                |error: std::io::Error| LogError::Export { path: file.clone(), reason: error.to_string() };
            let write = || -> Result<u64, LogError> {
                std::fs::create_dir_all(&folder).map_err(failed)?;
                let Some(log) = Log::open_to_read(&path)? else { return Ok(0) };
                let mut out = std::io::BufWriter::new(std::fs::File::create_new(&file).map_err(failed)?);
                export(&log, &filter, None, format, &mut out)?.map_err(failed)
            };
            Done::Events(match write() {
                Ok(count) => EventsDone::Exported(count, file),
                Err(error) => EventsDone::LogFailed(error),
            })
        });
    }

    /// Takes over a worker's result.
    pub fn done(&mut self, done: EventsDone, ctx: &egui::Context, core: &mut Core) {
        let s = core.strings();
        match done {
            EventsDone::Loaded(Ok(rules)) => {
                self.rules_error = None;
                self.set_rules(rules, core);
            }
            EventsDone::Loaded(Err(error)) => {
                let text = error.explain(core.language()).to_string();
                core.toasts.bad(s.events.title, text);
                self.rules_error = Some(error);
            }
            EventsDone::Saved(result) => {
                self.saving = false;
                if let Err(error) = result {
                    let text = error.explain(core.language()).to_string();
                    core.toasts.bad(s.events.title, text);
                } else if self.changed {
                    self.save(core);
                }
            }
            EventsDone::Listed(result) => self.listed(result, ctx),
            EventsDone::Deleted(deleted) => {
                let count = deleted.len();
                let title =
                    if count == 0 { s.events.all_deleted.to_owned() } else { (s.events.deleted)(count) };
                let toast = core.toasts.good(&title, "");
                if count > 0 {
                    toast.undo = Some(Intent::Events(EventsIntent::Restore(deleted)));
                }
                self.page.outdated();
            }
            EventsDone::Changed => self.page.outdated(),
            EventsDone::Exported(count, file) => {
                let name = crate::app::view::file_name(&file);
                let toast = core.toasts.good(&(s.events.exported)(count), name);
                toast.folder = file.parent().map(std::path::Path::to_owned);
            }
            EventsDone::LogFailed(error) => core.failed_with(&error),
        }
    }

    fn listed(&mut self, result: Result<Box<Listed>, LogError>, ctx: &egui::Context) {
        let page = &mut self.page;
        page.loading = false;
        match result {
            Ok(listed) => {
                // Another filter was chosen meanwhile.
                if page.asked().is_some_and(|asked| *asked != listed.filter) {
                    return;
                }
                if !listed.follows {
                    page.rows.clear();
                }
                let rows = listed.page.events.into_iter().zip(listed.pictures).map(|(event, picture)| {
                    let load = |image| ctx.load_texture("event", image, egui::TextureOptions::LINEAR);
                    EventRow { event, picture: picture.map(load) }
                });
                page.rows.extend(rows);
                (page.more, page.count, page.summary, page.error) =
                    (listed.page.more, listed.count, listed.summary, None);
            }
            Err(error) => page.error = Some(error),
        }
    }

    /// Whether any rule is enabled: then objects are tracked.
    pub fn has_rules(&self) -> bool {
        self.rules.rules.iter().any(|rule| rule.enabled)
    }

    /// How many seconds of video rules need from before their events; 0: none.
    pub fn needs_seconds(&self) -> u32 {
        let actions = self.rules.rules.iter().filter(|rule| rule.enabled).flat_map(|rule| &rule.actions);
        let seconds = |action: &Action| match action {
            Action::Clip(clip) => Some(clip.before_s.clamp(1.0, ClipAction::LONGEST_S).ceil() as u32),
            _ => None,
        };
        actions.filter_map(seconds).max().unwrap_or(0)
    }

    /// Whether an enabled rule collects frames.
    pub fn collects(&self) -> bool {
        self.rules.rules.iter().any(|rule| rule.enabled && rule.actions.contains(&Action::Collect))
    }

    /// Takes over what the watching thread tells.
    pub fn gather(&mut self, ctx: &egui::Context, core: &mut Core) {
        if core.page == Page::Events {
            self.unseen = 0;
        }
        if self.options.privacy != core.settings.privacy {
            self.follow_options(core);
        }
        let Some(watch) = &self.watch else { return };
        let happenings: Vec<Happening> = watch.happenings().collect();
        for happening in happenings {
            match happening {
                Happening::Fired { event, thumbnail } => {
                    if core.page != Page::Events {
                        self.unseen += 1;
                    }
                    // Until the list is read again, which says it exactly.
                    self.page.summary.events += 1;
                    if self.told.is_none_or(|told| told.elapsed() >= TOAST_EVERY) {
                        self.told = Some(Instant::now());
                        tell(&event, thumbnail.as_ref(), ctx, core);
                    }
                }
                Happening::Outcome(outcome) => self.outcome(outcome, core),
                Happening::Logged => {
                    self.log_trouble = None;
                    // With a list that was read on, new events would move what is being looked at.
                    if self.page.rows.len() <= PAGE {
                        self.page.outdated();
                    }
                }
                Happening::LogTrouble(error) => {
                    let text = error.explain(core.language()).to_string();
                    core.toasts.bad(core.strings().events.log, text);
                    self.log_trouble = (!matches!(error, LogError::Damaged { .. })).then_some(error);
                }
            }
        }
    }

    fn outcome(&mut self, outcome: Outcome, core: &mut Core) {
        let key = (outcome.rule, outcome.action);
        let why = |error: &ActionError| error.explain(core.language()).to_string();
        let result = outcome.result.map_err(|error| why(&error));
        if outcome.alert.is_none() {
            let tested = match result {
                Ok(done) => Tested::Worked(done.note),
                Err(why) => Tested::Failed(why),
            };
            self.page.tested.insert(key, tested);
            return;
        }
        match result {
            Ok(_) => drop(self.failures.remove(&key)),
            Err(why) => {
                // The same failure is told once.
                if self.failures.get(&key) != Some(&why) {
                    let title = (core.strings().events.action_failed)(&key.0);
                    core.toasts.bad(&title, why.clone());
                    self.failures.insert(key, why);
                }
            }
        }
    }

    /// A few times a second: how pictures are made, and what keeps rules from firing.
    pub fn figures_changed(&mut self, core: &Core) {
        self.follow_options(core);
        let labels = core.prediction.as_ref().map(|prediction| &prediction.model.spec.labels);
        let report = core.prediction.as_ref().and_then(|prediction| prediction.report.as_deref());
        let enabled = self.rules.rules.iter().filter(|rule| rule.enabled);
        let obstacle =
            |rule: &Rule| rule.obstacle(labels, report).map(|problem| (rule.name.clone(), problem));
        self.obstacles = enabled.filter_map(obstacle).collect();
    }

    /// Tells the watching thread what is set, privacy above all.
    fn follow_options(&mut self, core: &Core) {
        let options = WatchOptions {
            privacy: core.settings.privacy.clone(),
            snapshot: core.settings.snapshot.clone(),
            style: core.style(),
            source: core.source.address().map(ToString::to_string).unwrap_or_default(),
            clips: core.clips.clone(),
            dataset: core.collector.clone(),
            recording: core.settings.recording.clone(),
        };
        if *self.options != options {
            self.options = Arc::new(options);
            if let Some(watch) = &self.watch {
                watch.set_options(Arc::clone(&self.options));
            }
        }
    }

    /// Lets the watching thread end while the engine does.
    pub fn end(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.end();
        }
    }
}

/// Tells of a rule that fired, with its picture.
fn tell(event: &EventRecord, thumbnail: Option<&Thumbnail>, ctx: &egui::Context, core: &mut Core) {
    let text = describe(event, core.language());
    // 240 pixels: decoding takes a fraction of a millisecond.
    let picture = thumbnail.and_then(|thumbnail| decoded(&thumbnail.jpeg));
    let toast = core.toasts.good(&event.rule, text);
    toast.thumbnail = picture.map(|image| ctx.load_texture("event", image, egui::TextureOptions::LINEAR));
}

fn decoded(jpeg: &[u8]) -> Option<egui::ColorImage> {
    let image = image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg).ok()?.to_rgba8();
    let size = [image.width() as usize, image.height() as usize];
    Some(egui::ColorImage::from_rgba_unmultiplied(size, &image))
}

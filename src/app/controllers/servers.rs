//! The inference servers on the library page: the saved ones, what each has, adding and forgetting them.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::core::Core;
use crate::app::intent::ServersIntent;
use crate::app::servers::{ASK_AGAIN, Asked, ServerRow};
use crate::app::workers::{Done, ServersDone, ServersJob};
use crate::library::servers;
use crate::model::folders;
use crate::server::{SavedServer, ServerAddress, ServerList, ServerListError, Stop, Token};

/// While the list is on screen, it is read again after this long: the command line may have changed it.
const READ_AGAIN: Duration = Duration::from_secs(2);

/// The state of the list of servers.
#[derive(Debug, Default)]
pub struct ServersController {
    list: ListState,
    rows: Vec<ServerRow>,
    /// It is being read now.
    reading: bool,
    /// When it was last read.
    read_at: Option<Instant>,
    /// Changes that aren't saved yet; the first one is being saved.
    changes: VecDeque<Change>,
    /// How many there were: what was read before one isn't what is there after it.
    changed: u64,
    /// The last change couldn't be saved.
    unsaved: bool,
    /// The last question to each server; answers to earlier ones, which knew another token, are left out.
    questions: HashMap<ServerAddress, u64>,
    asked: u64,
    /// Ends the questions when the window closes.
    stop: Stop,
}

/// Whether the saved list is known.
#[derive(Debug, Default)]
enum ListState {
    #[default]
    Unread,
    Read(ServerList),
    Failed(ServerListError),
}

/// A change of the saved list.
#[derive(Clone, Debug)]
enum Change {
    Put(Box<SavedServer>, Option<Token>),
    Remove(ServerAddress),
}

impl Change {
    fn make(self, list: &mut ServerList) {
        match self {
            Self::Put(server, token) => list.put(*server, token),
            Self::Remove(address) => {
                list.remove(&address);
            }
        }
    }
}

impl Drop for ServersController {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

impl ServersController {
    /// The saved servers, in their order.
    #[must_use]
    pub fn rows(&self) -> &[ServerRow] {
        &self.rows
    }

    /// The list was read.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self.list, ListState::Read(_))
    }

    /// Why the list can't be read.
    #[must_use]
    pub fn error(&self) -> Option<&ServerListError> {
        match &self.list {
            ListState::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Changes are being saved.
    #[must_use]
    pub fn is_saving(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The last change was saved.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        !self.unsaved
    }

    /// Carries out an intent.
    pub fn apply(&mut self, intent: ServersIntent, core: &mut Core) {
        match intent {
            ServersIntent::Read => {
                if matches!(self.list, ListState::Unread) {
                    self.read(core);
                }
            }
            ServersIntent::ReadAgain => self.read(core),
            ServersIntent::Shown => {
                if self.read_at.is_none_or(|at| at.elapsed() >= READ_AGAIN) {
                    self.read(core);
                }
                self.ask_due(core);
            }
            ServersIntent::Ask(address) => {
                self.read(core);
                self.ask(&address, true, core);
            }
            ServersIntent::Add { server, token } => self.change(Change::Put(server, token), core),
            ServersIntent::Remove(address) => self.change(Change::Remove(address), core),
        }
    }

    fn read(&mut self, core: &Core) {
        // Saving reads it, too.
        if self.reading || self.is_saving() {
            return;
        }
        self.reading = true;
        self.read_at = Some(Instant::now());
        let changed = self.changed;
        core.workers.run_or("servers", Done::Servers(ServersDone::Broken(ServersJob::Read)), move || {
            Done::Servers(ServersDone::List(changed, load()))
        });
    }

    /// Asks the servers that weren't asked for a while.
    fn ask_due(&mut self, core: &Core) {
        let due = |row: &ServerRow| !row.asking && row.since.is_none_or(|since| since.elapsed() >= ASK_AGAIN);
        let due: Vec<ServerAddress> =
            self.rows.iter().filter(|row| due(row)).map(|row| row.saved.address.clone()).collect();
        for address in due {
            self.ask(&address, false, core);
        }
    }

    /// Asks a server what it has; `anew`: also about models that are known.
    fn ask(&mut self, address: &ServerAddress, anew: bool, core: &Core) {
        let ListState::Read(list) = &self.list else { return };
        let Some(row) = self.rows.iter_mut().find(|row| row.saved.address == *address && !row.asking) else {
            return;
        };
        row.asking = true;
        row.since = Some(Instant::now());
        let earlier = match &row.state {
            Asked::Reached(reached) if !anew => Some(reached.clone()),
            _ => None,
        };
        self.asked += 1;
        let question = self.asked;
        self.questions.insert(address.clone(), question);
        let broken = Done::Servers(ServersDone::Broken(ServersJob::Ask(address.clone(), question)));
        let (address, access, stop) = (address.clone(), list.access(address), self.stop.clone());
        core.workers.run_or("server", broken, move || {
            let reached = servers::ask_models(&address, &access, &stop, earlier.as_deref());
            Done::Servers(ServersDone::Asked(address, question, reached.map(Box::new)))
        });
    }

    /// Changes the list: at once on screen, and in its file after the changes before it.
    fn change(&mut self, change: Change, core: &Core) {
        self.changed += 1;
        if let ListState::Read(list) = &self.list {
            let mut list = list.clone();
            change.clone().make(&mut list);
            self.show(list);
        }
        self.changes.push_back(change);
        if self.changes.len() == 1 {
            self.unsaved = false;
            self.save(core);
        }
        self.ask_due(core);
    }

    fn save(&self, core: &Core) {
        let Some(change) = self.changes.front().cloned() else { return };
        core.workers.run_or(
            "save servers",
            Done::Servers(ServersDone::Broken(ServersJob::Save)),
            move || {
                let saved = match folders::servers_folder() {
                    Some(folder) => {
                        ServerList::change(&folder, |list| change.make(list)).map(|(list, ())| list)
                    }
                    None => load(),
                };
                Done::Servers(ServersDone::Saved(saved))
            },
        );
    }

    /// Takes over the list. What is known of servers that stay is kept, unless they are asked with another token or certificate now.
    fn show(&mut self, list: ServerList) {
        let before = match std::mem::take(&mut self.list) {
            ListState::Read(list) => list,
            _ => ServerList::default(),
        };
        let mut old = std::mem::take(&mut self.rows);
        for saved in list.servers() {
            let address = &saved.address;
            let known = old.iter().position(|row| row.saved.address == *address);
            let known = known.map(|at| old.swap_remove(at));
            let known = known.filter(|_| before.access(address) == list.access(address));
            self.rows.push(if let Some(row) = known {
                ServerRow { saved: saved.clone(), ..row }
            } else {
                self.questions.remove(address);
                let has_token = list.has_token(address);
                let state = Asked::Never;
                ServerRow { saved: saved.clone(), has_token, state, asking: false, since: None }
            });
        }
        self.questions.retain(|address, _| list.find(address).is_some());
        self.list = ListState::Read(list);
    }

    fn failed(&mut self, error: ServerListError) {
        self.rows.clear();
        self.questions.clear();
        self.list = ListState::Failed(error);
    }

    /// Takes over a worker's result.
    pub fn done(&mut self, done: ServersDone, core: &mut Core) {
        match done {
            ServersDone::List(changed, list) => {
                self.reading = false;
                match list {
                    // The change's own list follows.
                    _ if changed != self.changed => {}
                    Ok(list) => self.show(list),
                    Err(error) => self.failed(error),
                }
            }
            ServersDone::Saved(saved) => {
                self.changes.pop_front();
                match saved {
                    // Those that wait are on screen already.
                    Ok(_) if self.is_saving() => {}
                    Ok(list) => self.show(list),
                    Err(error) => self.not_saved(&error, core),
                }
                self.save(core);
            }
            ServersDone::Asked(address, question, reached) => {
                if let Some(row) = self.answered(&address, question) {
                    row.state = match reached {
                        Ok(reached) => Asked::Reached(reached),
                        Err(error) => Asked::Failed(error),
                    };
                }
            }
            ServersDone::Broken(job) => {
                match job {
                    ServersJob::Read => self.reading = false,
                    ServersJob::Save => {
                        self.changes.pop_front();
                        self.unsaved = true;
                        self.read(core);
                        self.save(core);
                    }
                    ServersJob::Ask(address, question) => {
                        self.answered(&address, question);
                    }
                }
                let text = core.strings().try_again;
                core.failed(text);
            }
        }
    }

    /// A change couldn't be saved: says so, and shows what is saved again.
    fn not_saved(&mut self, error: &ServerListError, core: &mut Core) {
        self.unsaved = true;
        core.failed_with(error);
        self.read(core);
    }

    /// The server of a question that isn't outdated, which has got its answer.
    fn answered(&mut self, address: &ServerAddress, question: u64) -> Option<&mut ServerRow> {
        if self.questions.get(address) != Some(&question) {
            return None;
        }
        let row = self.rows.iter_mut().find(|row| row.saved.address == *address)?;
        row.asking = false;
        Some(row)
    }
}

fn load() -> Result<ServerList, ServerListError> {
    folders::servers_folder().map_or_else(|| Ok(ServerList::default()), |folder| ServerList::load(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ServerError;

    fn lab() -> ServerAddress {
        "oip://127.0.0.1:1".parse().unwrap()
    }

    fn list(token: &str) -> ServerList {
        let mut list = ServerList::default();
        list.put(SavedServer::new(lab()), Token::new(token));
        list
    }

    fn failed(status: u16) -> ServerError {
        ServerError::Forbidden { server: lab().to_string(), status }
    }

    #[test]
    fn an_answer_to_a_question_with_an_older_token_is_left_out() {
        let home = tempfile::tempdir().unwrap();
        let (mut core, mut servers) = (Core::bare(home.path()), ServersController::default());
        servers.done(ServersDone::List(0, Ok(list("old"))), &mut core);
        servers.ask_due(&core);
        assert!(servers.rows()[0].asking);
        // The command line gave it another token meanwhile.
        servers.done(ServersDone::List(0, Ok(list("new"))), &mut core);
        servers.ask_due(&core);
        servers.done(ServersDone::Asked(lab(), 2, Err(failed(403))), &mut core);
        servers.done(ServersDone::Asked(lab(), 1, Err(failed(401))), &mut core);
        let row = &servers.rows()[0];
        assert!(matches!(&row.state, Asked::Failed(error) if *error == failed(403)), "{:?}", row.state);
        assert!(!row.asking);
    }

    #[test]
    fn a_worker_that_ends_without_a_result_holds_nothing_up() {
        let home = tempfile::tempdir().unwrap();
        let (mut core, mut servers) = (Core::bare(home.path()), ServersController::default());
        let next = |servers: &mut ServersController, core: &mut Core| {
            let end = Instant::now() + Duration::from_secs(20);
            loop {
                if let Some(Done::Servers(done)) = core.workers.next() {
                    return servers.done(done, core);
                }
                assert!(Instant::now() < end, "the worker brings something");
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        let break_next =
            |core: &Core| core.workers.break_next.store(true, std::sync::atomic::Ordering::Relaxed);
        break_next(&core);
        servers.apply(ServersIntent::Read, &mut core);
        next(&mut servers, &mut core);
        assert!(!servers.reading && !servers.is_known(), "it can be read again");
        servers.done(ServersDone::List(0, Ok(list("token"))), &mut core);
        break_next(&core);
        servers.ask_due(&core);
        next(&mut servers, &mut core);
        assert!(!servers.rows()[0].asking, "it can be asked again");
        assert!(core.toasts.newest_failure().is_some());
    }
}

//! The user's servers: `servers.toml` in the settings folder, which can be shared, and their tokens, which can't:
//! `server-tokens.toml` beside it, readable by the user only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::access::{Access, Token};
use super::address::ServerAddress;
use crate::whole_file;

const SERVERS: &str = "servers.toml";
const TOKENS: &str = "server-tokens.toml";
/// Locked while the list is changed: several programs may do that at once.
const LOCK: &str = "servers.lock";
/// Longer lists are neither read nor written.
const MOST_BYTES: u64 = 1 << 20;

/// Why the list of servers can't be read or written; each message is a sentence.
#[derive(Debug, thiserror::Error)]
pub enum ServerListError {
    #[error("The list of servers \u{201c}{}\u{201d} can't be read: {reason}.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("The list of servers \u{201c}{}\u{201d} can't be saved: {reason}.", path.display())]
    Unwritable { path: PathBuf, reason: String },
}

impl ServerListError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Unreadable { path, .. } => format!("Correct or delete \u{201c}{}\u{201d}.", path.display()),
            Self::Unwritable { .. } => {
                "Check that the disk has room and that this account may write there.".into()
            }
        }
    }
}

/// A server that the user saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SavedServer {
    pub address: ServerAddress,
    /// A file with certificates of authorities that are trusted for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// What runs a model while the server doesn't: addresses of other servers that have a model of that name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<ServerAddress>,
    /// And after those the file of that name in the library, on this computer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fallback_local: bool,
}

impl SavedServer {
    /// A server of which only the address is known.
    #[must_use]
    pub fn new(address: ServerAddress) -> Self {
        Self { address, ca: None, fallback: Vec::new(), fallback_local: false }
    }
}

/// The user's servers with their tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerList {
    servers: Vec<SavedServer>,
    tokens: BTreeMap<String, Token>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServersFile {
    #[serde(default)]
    server: Vec<SavedServer>,
}

impl ServerList {
    /// Reads the list in the settings folder; empty if there is none.
    ///
    /// # Errors
    /// [`ServerListError::Unreadable`].
    pub fn load(folder: &Path) -> Result<Self, ServerListError> {
        let servers: ServersFile = read(&folder.join(SERVERS))?;
        let tokens: BTreeMap<String, String> = read(&folder.join(TOKENS))?;
        let tokens = tokens.into_iter().filter_map(|(address, text)| Some((address, Token::new(&text)?)));
        Ok(Self { servers: servers.server, tokens: tokens.collect() })
    }

    /// Changes the list in the settings folder, whatever other programs made of it since it was read last; returns what it is now,
    /// with what `change` returns. Changes wait for each other.
    ///
    /// # Errors
    /// [`ServerListError`]; nothing is changed then.
    pub fn change<T>(
        folder: &Path,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Result<(Self, T), ServerListError> {
        let path = folder.join(LOCK);
        let failed = |error: std::io::Error| ServerListError::Unwritable {
            path: path.clone(),
            reason: error.to_string(),
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let lock = std::fs::File::options().write(true).create(true).truncate(false).open(&path);
        let lock = lock.map_err(failed)?;
        // Some network folders know no locks; changes are seldom enough to go without.
        if let Err(error) = lock.lock()
            && error.kind() != std::io::ErrorKind::Unsupported
        {
            return Err(failed(error));
        }
        let mut list = Self::load(folder)?;
        let before = list.clone();
        let result = change(&mut list);
        if list != before {
            list.save(folder)?;
        }
        Ok((list, result))
    }

    /// Writes the list: whole or not at all. The file with the tokens is readable by the user only.
    ///
    /// # Errors
    /// [`ServerListError::Unwritable`].
    fn save(&self, folder: &Path) -> Result<(), ServerListError> {
        let text = |value: Result<String, toml::ser::Error>, path: &Path| {
            value.map_err(|error| ServerListError::Unwritable {
                path: path.to_owned(),
                reason: error.to_string(),
            })
        };
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error: std::io::Error| ServerListError::Unwritable { path, reason: error.to_string() }
        };
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        // The tokens first: a server without its token is a puzzle, a token without a server harmless.
        let path = folder.join(TOKENS);
        let tokens: BTreeMap<&str, &str> =
            self.tokens.iter().map(|(address, token)| (address.as_str(), token.secret())).collect();
        if !tokens.is_empty() || path.exists() {
            let tokens = text(toml::to_string(&tokens), &path)?;
            whole_file::write(&path, tokens.as_bytes()).map_err(failed(&path))?;
        }
        let path = folder.join(SERVERS);
        let servers = text(toml::to_string(&ServersFile { server: self.servers.clone() }), &path)?;
        whole_file::write(&path, servers.as_bytes()).map_err(failed(&path))
    }

    /// The servers, in the order in which they were added.
    #[must_use]
    pub fn servers(&self) -> &[SavedServer] {
        &self.servers
    }

    /// A saved server.
    #[must_use]
    pub fn find(&self, address: &ServerAddress) -> Option<&SavedServer> {
        self.servers.iter().find(|server| server.address == *address)
    }

    /// Whether a token is saved for a server.
    #[must_use]
    pub fn has_token(&self, address: &ServerAddress) -> bool {
        self.tokens.contains_key(&address.to_string())
    }

    /// Adds a server or changes the one of that address. `token`: `None` leaves the saved one.
    pub fn put(&mut self, server: SavedServer, token: Option<Token>) {
        if let Some(token) = token {
            self.tokens.insert(server.address.to_string(), token);
        }
        match self.servers.iter_mut().find(|saved| saved.address == server.address) {
            Some(saved) => *saved = server,
            None => self.servers.push(server),
        }
    }

    /// Removes a server and its token. Returns whether it was there.
    pub fn remove(&mut self, address: &ServerAddress) -> bool {
        self.tokens.remove(&address.to_string());
        let before = self.servers.len();
        self.servers.retain(|server| server.address != *address);
        self.servers.len() < before
    }

    /// How a server is connected to, whether or not it is saved.
    #[must_use]
    pub fn access(&self, address: &ServerAddress) -> Access {
        Access {
            token: self.tokens.get(&address.to_string()).cloned(),
            ca: self.find(address).and_then(|server| server.ca.clone()),
        }
    }
}

fn read<T: Default + serde::de::DeserializeOwned>(path: &Path) -> Result<T, ServerListError> {
    let unreadable = |reason: String| ServerListError::Unreadable { path: path.to_owned(), reason };
    match whole_file::read_text(path, MOST_BYTES) {
        // The message alone: the whole error quotes the line, which may hold a token.
        Ok(text) => toml::from_str(&text).map_err(|error| unreadable(error.message().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_kept_and_their_tokens_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let lab: ServerAddress = "oips://lab.example.org".parse().expect("an address");
        let mut list = ServerList::load(folder.path()).expect("none is fine");
        let mut server = SavedServer::new(lab.clone());
        server.ca = Some("/etc/lab.pem".into());
        server.fallback.push("grpc://[::1]".parse().expect("an address"));
        server.fallback_local = true;
        list.put(server.clone(), Token::new(" secret\n"));
        list.put(SavedServer::new("oip://localhost".parse().expect("an address")), None);
        list.save(folder.path()).expect("saved");
        let read = ServerList::load(folder.path()).expect("read");
        assert_eq!(read, list);
        assert_eq!(read.find(&lab), Some(&server));
        assert_eq!(read.access(&lab).token, Token::new("secret"));
        let shared = std::fs::read_to_string(folder.path().join(SERVERS)).expect("a file");
        assert!(!shared.contains("secret"), "{shared}");
        assert!(!format!("{list:?}").contains("secret"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path().join(TOKENS)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let mut list = read;
        assert!(list.remove(&lab) && !list.remove(&lab));
        list.save(folder.path()).expect("saved");
        let tokens = std::fs::read_to_string(folder.path().join(TOKENS)).expect("a file");
        assert!(!tokens.contains("secret"), "{tokens}");
    }

    #[test]
    fn changes_at_the_same_time_are_all_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = |n: usize| format!("oip://host{n}").parse::<ServerAddress>().expect("an address");
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (folder, address) = (folder.path(), address(n));
                scope.spawn(move || {
                    let put =
                        |list: &mut ServerList| list.put(SavedServer::new(address), Token::new("secret"));
                    ServerList::change(folder, put).expect("changed");
                });
            }
        });
        let list = ServerList::load(folder.path()).expect("read");
        assert_eq!(list.servers().len(), 8);
        assert!((0..8).all(|n| list.has_token(&address(n))));
        let (list, removed) =
            ServerList::change(folder.path(), |list| list.remove(&address(3))).expect("changed");
        assert!(removed && list.servers().len() == 7);
        std::fs::write(folder.path().join(SERVERS), "[").expect("written");
        let error = ServerList::change(folder.path(), |list| list.remove(&address(4)));
        assert!(matches!(error, Err(ServerListError::Unreadable { .. })), "a damaged list is not replaced");
    }

    #[test]
    fn a_damaged_list_says_so_without_its_tokens() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(TOKENS), "\"oip://a:1\" = [\"hush\"]").expect("written");
        let error = ServerList::load(folder.path()).expect_err("damaged");
        assert!(!error.to_string().contains("hush"), "{error}");
        assert!(error.fix().contains(TOKENS));
        std::fs::remove_file(folder.path().join(TOKENS)).expect("removed");
        std::fs::write(folder.path().join(SERVERS), "[[server]]\naddress = \"http://a\"").expect("written");
        let error = ServerList::load(folder.path()).expect_err("damaged").to_string();
        assert!(error.contains("begins with none of"), "{error}");
    }
}

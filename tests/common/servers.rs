//! Real inference servers on this computer: Triton (from the Python package nvidia-pytriton) and `KServe`, which `make test` sets up
//! in `.setup/servers`. Where they aren't, the test is left out.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server may take as long as this to be ready, on a computer that does other things too.
const LONGEST: Duration = Duration::from_mins(2);

/// The Python of a server's own. Fails the test with the words for “left out” if it isn't set up.
pub fn python(server: &str) -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".setup/servers").join(server).join("bin/python");
    // scripts/totals.py counts tests that fail with these words apart.
    assert!(
        python.exists() && cfg!(all(target_os = "linux", target_arch = "x86_64")),
        "this test can't run here: {server} isn't set up (\u{201c}make test\u{201d} does it, with a network)"
    );
    python
}

/// A server that runs, and ends with this value.
pub struct Server {
    /// Its HTTP port, on 127.0.0.1.
    pub http: u16,
    /// Its gRPC port.
    pub grpc: u16,
    command: Command,
    child: Child,
    log: PathBuf,
    /// How the names of its files in shared memory begin.
    shared: Option<String>,
}

/// Triton on a repository.
pub struct Triton;

impl Triton {
    /// Starts Triton on a model repository, with the Python backend only, and waits until all of its models are ready.
    pub fn start(repository: &Path) -> Server {
        let start = repository.join("start.py");
        if !start.exists() {
            let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/servers/triton_start.py");
            std::fs::copy(own, &start).expect("a copy");
        }
        let (http, grpc) = (free_port(), free_port());
        let shared = format!("sightline-{http}-");
        let mut command = Command::new(python("triton"));
        command
            .arg(start)
            .args(["--address", "127.0.0.1"])
            .args(["--http-port", &http.to_string(), "--grpc-port", &grpc.to_string()])
            .arg(format!("--backend-config=python,shm-region-prefix-name={shared}"));
        Server::start(command, http, grpc, Some(shared), repository)
    }
}

/// `KServe`'s server in Python.
pub struct KServe;

impl KServe {
    /// Starts the `server.py` of a folder, and waits until it is ready.
    pub fn start(folder: &Path) -> Server {
        let (http, grpc) = (free_port(), free_port());
        let mut command = Command::new(python("kserve"));
        command
            .arg(folder.join("server.py"))
            .args(["--http_port", &http.to_string(), "--grpc_port", &grpc.to_string()])
            .args(["--enable_latency_logging", "false"]);
        Server::start(command, http, grpc, None, folder)
    }
}

impl Server {
    /// Starts what a line for a shell starts, on free ports. `kind` is "triton" or "kserve".
    pub fn of_line(line: &str, folder: &Path, kind: &str) -> Self {
        let (http, grpc) = (free_port(), free_port());
        let (ports, shared) = match kind {
            "triton" => {
                let shared = format!("sightline-{http}-");
                let memory = format!("--backend-config=python,shm-region-prefix-name={shared}");
                (format!("--address 127.0.0.1 --http-port {http} --grpc-port {grpc} {memory}"), Some(shared))
            }
            _ => (format!("--http_port {http} --grpc_port {grpc}"), None),
        };
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec {line} {ports}")]).current_dir(folder);
        Self::start(command, http, grpc, shared, folder)
    }

    fn start(mut command: Command, http: u16, grpc: u16, shared: Option<String>, folder: &Path) -> Self {
        let log = folder.join("server.log");
        command.stdin(Stdio::null()).env_remove("PYTHONPATH").env("PYTHONDONTWRITEBYTECODE", "1");
        // Its children are in its group, and end with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = spawn(&mut command, &log);
        let mut server = Self { http, grpc, command, child, log, shared };
        server.wait();
        server
    }

    /// The address of a path on its HTTP port.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.http)
    }

    /// What it answers to a GET, as JSON.
    pub fn get(&self, path: &str) -> serde_json::Value {
        let mut answer =
            ureq::get(self.url(path)).call().unwrap_or_else(|error| self.fail(path, &error.to_string()));
        let text = answer.body_mut().read_to_string().expect("text");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path} answers {text}"))
    }

    /// Ends it as a crash would: at once, with all that it started.
    pub fn kill(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
        if let Some(shared) = &self.shared {
            for entry in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(shared) {
                    let _ = std::fs::remove_file(entry.path());
                }
            }
        }
    }

    /// Starts it again on the same ports, and waits until it is ready.
    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(&mut self.command, &self.log);
        self.wait();
    }

    fn wait(&mut self) {
        let begun = Instant::now();
        loop {
            let answer = ureq::get(self.url("v2/health/ready"))
                .config()
                .timeout_global(Some(Duration::from_secs(5)))
                .build()
                .call();
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                self.fail("start", &format!("it ended with {status}"));
            }
            if begun.elapsed() > LONGEST {
                self.fail("start", "it isn't ready");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn fail(&self, what: &str, why: &str) -> ! {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(40).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        panic!("{what}: {why}\n{}", tail.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(command: &mut Command, log: &Path) -> Child {
    let out = File::options().create(true).append(true).open(log).expect("a log");
    let err = out.try_clone().expect("the same file");
    command.stdout(out).stderr(err).spawn().expect("the server starts")
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

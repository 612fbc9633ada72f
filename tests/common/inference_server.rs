//! A small inference server that speaks the Open Inference Protocol over HTTP and misbehaves as it is told: what a real one does
//! only on a bad day.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A box in the first cell, of class 2.
    Good,
    /// As `Good`, with the values as JSON numbers; bytes are refused.
    Json,
    /// Nothing comes for a long time.
    Hang,
    /// A web page instead of a result.
    Garbage,
    /// The connection is closed in the middle of the response.
    CutShort,
    /// A value that is no number.
    NotANumber,
    /// Fewer rows than the metadata say.
    WrongShape,
    /// An error, as Triton writes it.
    Error,
    /// HTTP 401.
    Forbidden,
    /// HTTP 503.
    Busy,
}

struct State {
    mode: Mutex<Mode>,
    /// How long a run takes.
    delay: Mutex<Duration>,
    runs: AtomicUsize,
    /// Runs under way now, and the most there were.
    now: AtomicUsize,
    most: AtomicUsize,
    stopped: AtomicBool,
    /// Runs wait for each other.
    one_at_a_time: AtomicBool,
    computing: Mutex<()>,
    token: Option<String>,
}

/// The server; it stops when it is dropped.
pub struct InferenceServer {
    state: Arc<State>,
    pub port: u16,
}

/// Rows of the output: cells of strides 8, 16 and 32 in an image of this side.
const SIDE: usize = 64;
const ROWS: usize = 84;
const COLUMNS: usize = 85;

impl InferenceServer {
    pub fn start() -> Self {
        Self::at(0, None)
    }

    /// One that wants this token.
    pub fn with_token(token: &str) -> Self {
        Self::at(0, Some(token.into()))
    }

    /// One on this port; 0: any that is free.
    pub fn at(port: u16, token: Option<String>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            mode: Mutex::new(Mode::Good),
            delay: Mutex::default(),
            runs: AtomicUsize::new(0),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            one_at_a_time: AtomicBool::new(false),
            computing: Mutex::default(),
            token,
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.stopped.load(SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                std::thread::spawn(move || while serve(&stream, &state).is_some() {});
            }
        });
        Self { state, port }
    }

    pub fn set(&self, mode: Mode) {
        *self.state.mode.lock().expect("not poisoned") = mode;
    }

    pub fn set_delay(&self, delay: Duration) {
        *self.state.delay.lock().expect("not poisoned") = delay;
    }

    /// Runs wait for each other, as where one processor computes all of them.
    pub fn set_one_at_a_time(&self, on: bool) {
        self.state.one_at_a_time.store(on, SeqCst);
    }

    /// How many runs were asked for.
    pub fn runs(&self) -> usize {
        self.state.runs.load(SeqCst)
    }

    /// The most runs that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.state.most.load(SeqCst)
    }

    pub fn address(&self) -> String {
        format!("oip://127.0.0.1:{}", self.port)
    }

    /// The address of its model.
    pub fn model(&self) -> String {
        format!("{}/yolox", self.address())
    }
}

impl Drop for InferenceServer {
    fn drop(&mut self) {
        self.state.stopped.store(true, SeqCst);
        // Wakes the listener; connections end with the next request.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Serves one request; `None`: the connection is over.
fn serve(stream: &TcpStream, state: &State) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut is_binary, mut token) = (0, false, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|n| *n > 0)?;
        let header = header.trim();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "inference-header-content-length" => is_binary = true,
            "authorization" => token = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if state.stopped.load(SeqCst) {
        return None;
    }
    let mode = *state.mode.lock().expect("not poisoned");
    let answer = |status: &str, headers: &str, body: &[u8]| {
        let mut stream = stream;
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok()
    };
    let is_allowed = match &state.token {
        Some(wanted) => token.as_deref() == Some(&format!("Bearer {wanted}")),
        None => mode != Mode::Forbidden,
    };
    if !is_allowed {
        return answer("401 Unauthorized", "", b"");
    }
    match path.as_str() {
        "/v2" => answer(
            "200 OK",
            "",
            br#"{"name":"stand-in","version":"1.0","extensions":["binary_tensor_data"]}"#,
        ),
        "/v2/repository/index" => {
            let body = br#"[{"name":"yolox","version":"1","state":"READY"},{"name":"broken","version":"1","state":"UNAVAILABLE","reason":"no such file"}]"#;
            answer("200 OK", "", body)
        }
        "/v2/models/yolox/ready" => answer("200 OK", "", b""),
        "/v2/models/yolox" => {
            let body = format!(
                r#"{{"name":"yolox","versions":["1"],"platform":"test","inputs":[{{"name":"images","datatype":"FP32","shape":[1,3,{SIDE},{SIDE}]}}],"outputs":[{{"name":"output","datatype":"FP32","shape":[1,{ROWS},{COLUMNS}]}}]}}"#
            );
            answer("200 OK", "", body.as_bytes())
        }
        "/v2/models/yolox/infer" => {
            state.runs.fetch_add(1, SeqCst);
            let now = state.now.fetch_add(1, SeqCst) + 1;
            state.most.fetch_max(now, SeqCst);
            let delay = *state.delay.lock().expect("not poisoned");
            let computing =
                state.one_at_a_time.load(SeqCst).then(|| state.computing.lock().expect("not poisoned"));
            std::thread::sleep(delay);
            drop(computing);
            let result = infer(mode, is_binary, &answer, stream, state);
            state.now.fetch_sub(1, SeqCst);
            result
        }
        _ => answer("404 Not Found", "", b"{\"error\":\"Not Found\"}"),
    }
}

fn infer(
    mode: Mode,
    is_binary: bool,
    answer: &impl Fn(&str, &str, &[u8]) -> Option<()>,
    mut stream: &TcpStream,
    state: &State,
) -> Option<()> {
    let rows = if mode == Mode::WrongShape { ROWS - 1 } else { ROWS };
    let mut values = vec![0f32; rows * COLUMNS];
    // Two cells wide and high, surely something, surely of class 2.
    for (at, value) in [(2, 2f32.ln()), (3, 2f32.ln()), (4, 1.0), (5 + 2, 1.0)] {
        values[at] = value;
    }
    if mode == Mode::NotANumber {
        values[700] = f32::NAN;
    }
    match mode {
        Mode::Hang => {
            for _ in 0..600 {
                if state.stopped.load(SeqCst) || *state.mode.lock().expect("not poisoned") != Mode::Hang {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            None
        }
        Mode::Garbage => {
            answer("200 OK", "Content-Type: text/html\r\n", b"<html>Welcome to the hotel</html>")
        }
        Mode::Error => answer("400 Bad Request", "", br#"{"error":"unexpected shape for input 'images'"}"#),
        Mode::Busy => answer("503 Service Unavailable", "", b""),
        Mode::Forbidden => answer("401 Unauthorized", "", b""),
        Mode::Json if is_binary => answer("422 Unprocessable Entity", "", br#"{"detail":"not JSON"}"#),
        Mode::Json => {
            let body = format!(
                r#"{{"model_name":"yolox","outputs":[{{"name":"output","datatype":"FP32","shape":[1,{rows},{COLUMNS}],"data":{values:?}}}]}}"#
            );
            answer("200 OK", "Content-Type: application/json\r\n", body.as_bytes())
        }
        Mode::Good | Mode::CutShort | Mode::NotANumber | Mode::WrongShape => {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let json = format!(
                r#"{{"model_name":"yolox","outputs":[{{"name":"output","datatype":"FP32","shape":[1,{rows},{COLUMNS}],"parameters":{{"binary_data_size":{}}}}}]}}"#,
                bytes.len()
            );
            let headers = format!("Inference-Header-Content-Length: {}\r\n", json.len());
            let body = [json.as_bytes(), &bytes].concat();
            if mode == Mode::CutShort {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.write_all(&body[..body.len() / 2]);
                let _ = stream.shutdown(std::net::Shutdown::Both);
                return None;
            }
            answer("200 OK", &headers, &body)
        }
    }
}

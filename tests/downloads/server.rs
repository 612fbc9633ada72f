//! A web server that fails as real ones do. A script responds to each request; the server counts and logs.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, or `CONNECT` if it plays a proxy.
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    /// How many requests for this path came before.
    pub nth: usize,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Where the client wants to resume the file.
    pub fn offset(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// The response, written by the script.
pub struct Reply<'a> {
    pub stream: &'a mut TcpStream,
    stop: &'a AtomicBool,
}

impl Reply<'_> {
    pub fn head(&mut self, status: &str, headers: &[(&str, String)]) -> io::Result<()> {
        let mut text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.push_str("\r\n");
        self.body(text.as_bytes())
    }

    pub fn body(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// A whole response.
    pub fn send(&mut self, status: &str, kind: &str, body: &[u8]) -> io::Result<()> {
        self.head(status, &[("Content-Type", kind.into()), ("Content-Length", body.len().to_string())])?;
        self.body(body)
    }

    /// Sends nothing until the client goes away or the server ends.
    pub fn stall(&mut self) -> io::Result<()> {
        self.stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        while !self.stop.load(Ordering::Relaxed) {
            match io::Read::read(self.stream, &mut [0; 64]) {
                Ok(0) => break,
                Err(e) if !matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => break,
                _ => {}
            }
        }
        Ok(())
    }

    /// Responds as a good server does to `Range` and `If-Range`, and breaks off after `most` bytes.
    pub fn file(&mut self, request: &Request, bytes: &[u8], etag: &str, most: usize) -> io::Result<()> {
        let quoted = format!("\"{etag}\"");
        let same = request.header("if-range").is_none_or(|v| v == quoted);
        let mut headers = vec![("ETag", quoted), ("Content-Type", "application/octet-stream".into())];
        let (status, from) = match request.offset().filter(|_| same) {
            Some(offset) if offset >= bytes.len() => {
                self.head(
                    "416 Range Not Satisfiable",
                    &[("Content-Range", format!("bytes */{}", bytes.len()))],
                )?;
                return Ok(());
            }
            Some(offset) => {
                headers
                    .push(("Content-Range", format!("bytes {offset}-{}/{}", bytes.len() - 1, bytes.len())));
                ("206 Partial Content", offset)
            }
            None => ("200 OK", 0),
        };
        headers.push(("Content-Length", (bytes.len() - from).to_string()));
        self.head(status, &headers)?;
        self.body(&bytes[from..from.saturating_add(most).min(bytes.len())])
    }

    /// The bytes in chunks, each with its length; the last chunk only if `end`.
    pub fn chunks(&mut self, bytes: &[u8], end: bool) -> io::Result<()> {
        for chunk in bytes.chunks(7000) {
            self.body(format!("{:x}\r\n", chunk.len()).as_bytes())?;
            self.body(chunk)?;
            self.body(b"\r\n")?;
        }
        if end { self.body(b"0\r\n\r\n") } else { Ok(()) }
    }
}

type Script = dyn Fn(&Request, &mut Reply<'_>) -> io::Result<()> + Send + Sync;

/// The server; it ends when dropped.
pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub fn start(
        script: impl Fn(&Request, &mut Reply<'_>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let (stop, log) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (script, their_stop, their_log): (Arc<Script>, _, _) =
            (Arc::new(script), Arc::clone(&stop), Arc::clone(&log));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if their_stop.load(Ordering::Relaxed) {
                    break;
                }
                let (script, stop, log) =
                    (Arc::clone(&script), Arc::clone(&their_stop), Arc::clone(&their_log));
                let Ok(stream) = stream else { continue };
                std::thread::spawn(move || {
                    // The client may go away at any moment.
                    let _ = serve(stream, &*script, &stop, &log);
                });
            }
        });
        Self { address, stop, log }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    script: &Script,
    stop: &AtomicBool,
    log: &Mutex<Vec<Request>>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = HashMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let request = {
        let mut log = log.lock().unwrap();
        let nth = log.iter().filter(|r| r.path == path).count();
        log.push(Request { method, path, headers, nth });
        log.last().unwrap().clone()
    };
    script(&request, &mut Reply { stream: &mut stream, stop })?;
    stream.shutdown(Shutdown::Write)?;
    // Reading what is left lets the client read all that was sent before the connection is reset.
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    while io::Read::read(&mut stream, &mut [0; 512]).is_ok_and(|n| n > 0) {}
    Ok(())
}

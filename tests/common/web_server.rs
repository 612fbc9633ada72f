//! A web server for webhooks.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::Value;

/// A web server that takes everything; gives the JSON of each request.
pub fn server() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let (sender, bodies) = sync_channel(1000);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
            let body = loop {
                let count = stream.read(&mut buffer).unwrap_or(0);
                text.extend_from_slice(&buffer[..count]);
                let all = String::from_utf8_lossy(&text);
                let body = all.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok());
                if body.is_some() || count == 0 {
                    break body;
                }
            };
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            if let Some(body) = body {
                let _ = sender.try_send(body);
            }
        }
    });
    (address, bodies)
}

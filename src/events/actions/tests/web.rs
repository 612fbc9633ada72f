//! Webhooks against a web server in this process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use base64::Engine as _;

use super::*;
use crate::events::rule::WebhookAction;

/// What a server was sent: the head in lines, and the body.
pub(super) type Request = (Vec<String>, Vec<u8>);

/// A web server that answers each request as `answer` says, given its number from 0.
pub(super) fn server(
    answer: impl Fn(usize) -> Option<String> + Send + 'static,
) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/hook?key=1", listener.local_addr().expect("an address"));
    let (sender, receiver) = bounded(64);
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let request = read_request(&stream);
            if sender.send(request).is_err() {
                return;
            }
            match answer(number) {
                Some(answer) => drop((&stream).write_all(answer.as_bytes())),
                // It never answers.
                None => held.push(stream),
            }
        }
    });
    (address, receiver)
}

fn read_request(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    let _ = reader.read_exact(&mut body);
    (head, body)
}

pub(super) fn status(line: &str) -> String {
    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

pub(super) fn hook(url: &str) -> WebhookAction {
    WebhookAction { url: url.into(), ..WebhookAction::default() }
}

#[test]
fn a_webhook_gets_the_event_with_its_picture() {
    let (url, requests) = server(|_| Some(status("204 No Content")));
    let (_keep, stop) = never();
    let mut action = hook(&url);
    action.headers.insert("Authorization".into(), "Bearer abc".into());
    let fired = fired(Vec::new());
    let done = webhook::send_with(&action, &fired, &stop, SOON).expect("sent");
    assert_eq!(done.note, "HTTP 204");
    let (head, body) = requests.recv_timeout(LONG).expect("a request");
    assert!(head[0].starts_with("POST /hook?key=1 HTTP/1.1"), "{head:?}");
    assert!(head.iter().any(|line| line.eq_ignore_ascii_case("authorization: bearer abc")), "{head:?}");
    assert!(head.iter().any(|line| line.eq_ignore_ascii_case("content-type: application/json")));
    let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(
        (&json["rule"], &json["class"], &json["track"]),
        (&"Front gate".into(), &"car".into(), &12.into())
    );
    assert_eq!(
        (&json["zone"], &json["source"], &json["test"]),
        (&"Drive".into(), &"前门 camera".into(), &false.into())
    );
    assert!(json["time"].as_str().is_some_and(|time| chrono::DateTime::parse_from_rfc3339(time).is_ok()));
    assert!(json.get("id").is_none());
    let picture = json["thumbnail"]["base64"].as_str().expect("a picture");
    let jpeg = base64::engine::general_purpose::STANDARD.decode(picture).expect("base64");
    let decoded = image::load_from_memory(&jpeg).expect("a JPEG");
    assert_eq!((decoded.width(), decoded.height()), (64, 48));
    // Without a picture, and as a test.
    let action = WebhookAction { thumbnail: false, ..hook(&url) };
    webhook::send_with(&action, &Fired { alert: None, ..fired }, &stop, SOON).expect("sent");
    let (_, body) = requests.recv_timeout(LONG).expect("a request");
    let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((json.get("thumbnail"), &json["test"]), (None, &true.into()));
}

#[test]
fn a_webhook_tries_again_what_may_be_over_and_nothing_else() {
    let (_keep, stop) = never();
    let event = fired(Vec::new());
    let (url, requests) = server(|n| Some(status(["503 Busy", "429 Slow down", "200 OK"][n.min(2)])));
    assert_eq!(webhook::send_with(&hook(&url), &event, &stop, SOON).expect("sent").note, "HTTP 200");
    assert_eq!(requests.try_iter().count(), 3);
    let (url, requests) = server(|_| Some(status("500 Broken")));
    let error = webhook::send_with(&hook(&url), &event, &stop, SOON).expect_err("given up");
    assert!(matches!(error, ActionError::Refused { code: 500, .. }), "{error}");
    assert_eq!(requests.try_iter().count(), 5);
    let says = "HTTP/1.1 401 No\r\nContent-Length: 9\r\nConnection: close\r\n\r\nwrong key";
    let (url, requests) = server(move |_| Some(says.into()));
    let error = webhook::send_with(&hook(&url), &event, &stop, SOON).expect_err("refused");
    assert!(error.to_string().contains("401") && error.to_string().contains("wrong key"), "{error}");
    assert!(!error.to_string().contains("key=1"), "the address may hold a secret: {error}");
    assert_eq!(requests.try_iter().count(), 1);
    // The event goes to no other server.
    let moved = "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, requests) = server(move |_| Some(moved.into()));
    let error = webhook::send_with(&hook(&url), &event, &stop, SOON).expect_err("not followed");
    assert!(matches!(error, ActionError::Refused { code: 307, .. }), "{error}");
    assert_eq!(requests.try_iter().count(), 1);
    let nobody =
        format!("http://{}/", TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it"));
    let error = webhook::send_with(&hook(&nobody), &event, &stop, SOON).expect_err("nobody is there");
    assert!(matches!(error, ActionError::Unreachable { .. }), "{error}");
}

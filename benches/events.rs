//! How long the event log takes to open when it is full: what the window's list reads when it is shown.
//!
//! `cargo bench --bench events`              a log of 100,000 events with thumbnails of 4 kB
//! `cargo bench --bench events -- --events N`

mod common;

use std::time::Instant;

use sightline::events::{EventRecord, Filter, Log};

/// Events of a page of the window's list.
const PAGE: usize = 50;
const THUMBNAIL: usize = 4000;

fn main() -> anyhow::Result<()> {
    let count: i64 = common::argument("--events").and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("events.sqlite");
    let begin = Instant::now();
    let (mut log, _) = Log::open(&path, u64::MAX)?;
    let rules = ["Night", "Gate", "Parking", "前门"];
    let classes = ["car", "person", "truck", "dog", "bicycle"];
    let jpeg: Vec<u8> = (0..THUMBNAIL).map(|n| (n * 31 % 251) as u8).collect();
    for n in 0..count {
        let event = EventRecord {
            time: 1_700_000_000_000 + n * 5000,
            ended: Some(1_700_000_003_000 + n * 5000),
            rule: rules[n as usize % rules.len()].into(),
            when: "enters".into(),
            class: classes[n as usize % classes.len()].into(),
            track: Some(n as u32),
            zone: Some("Drive".into()),
            count: 1,
            source: "rtsp://10.0.0.2/stream".into(),
            bbox: Some([10.0, 20.0, 110.0, 220.0]),
            ..EventRecord::default()
        };
        log.add(&event, Some(&jpeg))?;
    }
    drop(log);
    let size = std::fs::metadata(&path)?.len() / 1_000_000;
    println!("{count} events, {size} MB, written in {:.1} s\n", begin.elapsed().as_secs_f64());
    let filters = [
        ("opened: newest page, thumbnails, count, names", Filter::default()),
        ("one rule", Filter { rule: Some("Gate".into()), ..Filter::default() }),
        ("a word", Filter { text: "truck drive".into(), ..Filter::default() }),
        ("a word that isn't there", Filter { text: "giraffe".into(), ..Filter::default() }),
    ];
    for (name, filter) in filters {
        let mut times: Vec<f64> = Vec::new();
        for _ in 0..5 {
            let begin = Instant::now();
            let log = Log::open_to_read(&path)?.ok_or_else(|| anyhow::anyhow!("the log is gone"))?;
            let page = log.page(&filter, None, PAGE)?;
            for event in &page.events {
                std::hint::black_box(log.thumbnail(event.id)?);
            }
            std::hint::black_box((log.count(&filter)?, log.summary()?));
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        println!("{name:48} {:8.1} ms (median of 5; worst {:.1})", times[2], times[4]);
    }
    Ok(())
}

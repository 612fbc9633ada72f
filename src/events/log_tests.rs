use std::time::Instant;

use super::*;
use crate::events::export::{ExportFormat, export};

fn event(n: i64) -> EventRecord {
    EventRecord {
        time: 1_700_000_000_000 + n * 1000,
        rule: format!("Rule {}", n % 5),
        when: "enters".into(),
        class: if n % 3 == 0 { "car" } else { "person" }.into(),
        track: Some(n as u32),
        zone: Some("Drive".into()),
        count: 1,
        source: "Front camera".into(),
        source_time_s: n as f64,
        bbox: Some([1.0, 2.0, 3.5, 4.0]),
        ..EventRecord::default()
    }
}

fn new_log(limit: u64) -> (tempfile::TempDir, Log) {
    let folder = tempfile::tempdir().expect("a folder");
    let (log, trouble) = Log::open(&folder.path().join("events.sqlite"), limit).expect("a new log");
    assert_eq!(trouble, None);
    (folder, log)
}

fn filled(count: i64) -> (tempfile::TempDir, Log) {
    let (folder, mut log) = new_log(u64::MAX);
    for n in 0..count {
        log.add(&event(n), Some(&[n as u8; 100])).expect("added");
    }
    (folder, log)
}

fn tracks(page: &Page) -> Vec<u32> {
    page.events.iter().filter_map(|event| event.track).collect()
}

#[test]
fn events_come_back_as_they_were_newest_first_page_by_page() {
    let (_folder, mut log) = filled(10);
    let full = EventRecord {
        ended: Some(1_700_000_100_000),
        line: Some("门".into()),
        zone: None,
        direction: Some("in".into()),
        file: Some("/p/a.png".into()),
        ..event(10)
    };
    let id = log.add(&full, None).expect("added");
    let first = log.page(&Filter::default(), None, 4).expect("read");
    assert_eq!((tracks(&first), first.more), (vec![10, 9, 8, 7], true));
    assert_eq!(first.events[0], EventRecord { id, ..full });
    assert_eq!(log.thumbnail(first.events[1].id), Ok(Some(vec![9; 100])));
    assert_eq!(log.thumbnail(id), Ok(None));
    let second = log.page(&Filter::default(), first.events.last(), 100).expect("read");
    assert_eq!((tracks(&second), second.more), ((0..7).rev().collect(), false));
}

#[test]
fn lists_are_narrowed_by_rule_class_time_and_words() {
    let (_folder, mut log) = filled(30);
    log.add(&EventRecord { rule: "100% _odd_".into(), source: "Garden".into(), ..event(99) }, None)
        .expect("added");
    let count = |filter: Filter| log.count(&filter).expect("counted");
    let text = |text: &str| Filter { text: text.into(), ..Filter::default() };
    assert_eq!(count(Filter::default()), 31);
    assert_eq!(count(Filter { rule: Some("Rule 1".into()), ..Filter::default() }), 6);
    assert_eq!(count(Filter { class: Some("car".into()), ..Filter::default() }), 11);
    let at = |n: i64| Some(event(n).time);
    assert_eq!(count(Filter { since: at(10), until: at(20), ..Filter::default() }), 10);
    assert_eq!((count(text("garden")), count(text("front RULE")), count(text("#99"))), (1, 30, 1));
    // Signs of the pattern are letters like others.
    assert_eq!((count(text("100%")), count(text("_odd_")), count(text("%zzz%"))), (1, 1, 0));
    assert_eq!(count(text("'; DROP TABLE events; --")), 0);
    let summary = log.summary().expect("read");
    assert_eq!(
        (summary.events, summary.rules.len(), summary.classes),
        (31, 6, vec!["car".into(), "person".into()])
    );
}

#[test]
fn deleted_events_can_be_brought_back() {
    let (_folder, mut log) = filled(10);
    let before = log.page(&Filter::default(), None, 100).expect("read");
    let ids: Vec<i64> = before.events[2..5].iter().map(|event| event.id).collect();
    let deleted = log.delete(&Filter::default(), Some(&ids), 100).expect("deleted");
    assert_eq!((deleted.len(), log.count(&Filter::default())), (3, Ok(7)));
    assert_eq!(log.thumbnail(ids[0]), Ok(None));
    log.restore(&deleted).expect("restored");
    assert_eq!(log.page(&Filter::default(), None, 100).expect("read"), before);
    assert_eq!(log.thumbnail(ids[0]), Ok(Some(vec![7; 100])));
    // Too many to be kept: they are gone.
    let gone =
        log.delete(&Filter { class: Some("person".into()), ..Filter::default() }, None, 2).expect("deleted");
    assert_eq!((gone.len(), log.count(&Filter::default())), (0, Ok(4)));
}

#[test]
fn the_log_keeps_to_its_size_and_gives_space_back() {
    let (folder, mut log) = new_log(2_000_000);
    let picture = vec![7u8; 9000];
    for n in 0..1000 {
        log.add(&event(n), Some(&picture)).expect("added");
    }
    let summary = log.summary().expect("read");
    assert!(summary.bytes < 2_400_000, "{summary:?}");
    let page = log.page(&Filter::default(), None, 2000).expect("read");
    assert!((100..240).contains(&page.events.len()), "{}", page.events.len());
    assert_eq!(page.events[0].track, Some(999), "the newest stay");
    assert!(page.events.iter().all(|event| log.thumbnail(event.id).is_ok_and(|jpeg| jpeg.is_some())));
    let images: i64 =
        log.connection.query_row("SELECT count(*) FROM thumbnails", [], |row| row.get(0)).expect("counted");
    assert_eq!(images as usize, page.events.len(), "no image outlives its event");
    let path = folder.path().join("events.sqlite");
    log.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("done");
    assert!(path.metadata().expect("there").len() < 2_600_000);
    log.set_limit(500_000);
    log.add(&event(1000), Some(&picture)).expect("added");
    assert!(log.summary().expect("read").bytes < 600_000);
}

#[test]
fn alerts_that_a_crash_left_open_are_closed() {
    let (folder, mut log) = new_log(u64::MAX);
    let open = log.add(&event(1), None).expect("added");
    let closed = log.add(&event(2), None).expect("added");
    log.close(closed, event(9).time).expect("closed");
    drop(log);
    let (log, _) = Log::open(&folder.path().join("events.sqlite"), u64::MAX).expect("opened");
    let page = log.page(&Filter::default(), None, 10).expect("read");
    assert_eq!(
        page.events.iter().map(|event| event.ended).collect::<Vec<_>>(),
        [Some(event(9).time), Some(event(1).time)]
    );
    assert!(open < closed);
}

#[test]
fn exports_can_be_read_by_others() {
    let (_folder, mut log) = filled(2);
    log.add(
        &EventRecord { rule: "=HYPERLINK(\"x\"), \"q\"\nnext".into(), source: "前门".into(), ..event(3) },
        None,
    )
    .expect("added");
    let text = |format| {
        let mut out = Vec::new();
        let written =
            export(&log, &Filter::default(), None, format, &mut out).expect("read").expect("written");
        assert_eq!(written, 3);
        String::from_utf8(out).expect("text")
    };
    let csv = text(ExportFormat::Csv);
    assert!(csv.starts_with("id,time,ended,rule,when,class,track,"));
    assert!(csv.contains(",\"'=HYPERLINK(\"\"x\"\"), \"\"q\"\"\nnext\",enters,"), "{csv}");
    assert!(csv.ends_with("\r\n") && csv.contains("\r\n2,20"), "{csv}");
    for line in text(ExportFormat::JsonLines).lines() {
        let event: EventRecord = serde_json::from_str(line).expect("JSON");
        assert_eq!(
            log.page(&Filter::default(), None, 10)
                .expect("read")
                .events
                .iter()
                .filter(|of| **of == event)
                .count(),
            1
        );
    }
}

#[test]
fn a_damaged_log_is_kept_aside_and_a_new_one_begins() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.sqlite");
    for round in 1..3 {
        std::fs::write(&path, "this is no database, and longer than the head of one ".repeat(50))
            .expect("written");
        let (mut log, trouble) = Log::open(&path, u64::MAX).expect("a new log");
        let Some(LogError::Damaged { kept_as }) = trouble else { panic!("{trouble:?}") };
        assert!(std::fs::read_to_string(&kept_as).is_ok_and(|text| text.starts_with("this is")), "{round}");
        log.add(&event(1), None).expect("the new one works");
    }
    // The head is right, the tables aren't.
    let (log, _) = Log::open(&path, u64::MAX).expect("opened");
    drop(log);
    let mut bytes = std::fs::read(&path).expect("readable");
    bytes[100..4096].fill(0x5a);
    std::fs::write(&path, bytes).expect("written");
    assert!(matches!(Log::open(&path, u64::MAX), Ok((_, Some(LogError::Damaged { .. })))));
    // A folder can't be set right.
    let inside = path.join("events.sqlite");
    assert!(matches!(Log::open(&inside, u64::MAX), Err(LogError::CantOpen { .. })));
    assert!(matches!(Log::open(folder.path(), u64::MAX), Err(LogError::CantOpen { .. })));
}

#[test]
fn a_full_disk_and_a_read_only_log_are_named_and_lose_nothing() {
    let (folder, mut log) = filled(50);
    let pages: i64 = log.connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("read");
    log.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).expect("limited");
    let failed = (0..100).find_map(|n| log.add(&event(100 + n), Some(&[1; 9000])).err());
    assert!(matches!(failed, Some(LogError::Full { .. })), "{failed:?}");
    assert!(log.count(&Filter::default()).is_ok_and(|count| count >= 50), "what was there is still there");
    drop(log);
    let path = folder.path().join("events.sqlite");
    let mut log = Log::open_to_read(&path).expect("readable").expect("there");
    assert!(matches!(log.add(&event(1), None), Err(LogError::ReadOnly { .. })));
    assert!(log.page(&Filter::default(), None, 3).is_ok_and(|page| page.events.len() == 3));
    assert!(matches!(Log::open_to_read(&folder.path().join("none")), Ok(None)));
}

#[test]
fn a_log_of_a_newer_version_is_left_alone() {
    let (folder, log) = filled(1);
    log.connection.pragma_update(None, "user_version", VERSION + 1).expect("changed");
    drop(log);
    let path = folder.path().join("events.sqlite");
    assert!(matches!(Log::open(&path, u64::MAX), Err(LogError::Newer { .. })));
    assert!(matches!(Log::open_to_read(&path), Err(LogError::Newer { .. })));
}

/// 100,000 events open in less than a second: the list's first page, its filters and the search.
#[test]
fn a_hundred_thousand_events_open_at_once() {
    let (folder, mut log) = new_log(u64::MAX);
    let transaction = log.connection.transaction().expect("begun");
    for n in 0..100_000 {
        insert(&transaction, &event(n), None).expect("added");
        let jpeg = vec![n as u8; 1000];
        transaction
            .execute("INSERT INTO thumbnails VALUES (last_insert_rowid(), ?1)", [jpeg])
            .expect("added");
    }
    transaction.commit().expect("written");
    drop(log);
    let path = folder.path().join("events.sqlite");
    let begin = Instant::now();
    let log = Log::open_to_read(&path).expect("readable").expect("there");
    let (summary, page) =
        (log.summary().expect("read"), log.page(&Filter::default(), None, 100).expect("read"));
    let opened = begin.elapsed();
    assert_eq!((summary.events, page.events.len(), summary.rules.len()), (100_000, 100, 5));
    let pictures: Vec<_> = page.events.iter().map(|event| log.thumbnail(event.id)).collect();
    assert!(pictures.iter().all(|jpeg| matches!(jpeg, Ok(Some(_)))));
    let with_pictures = begin.elapsed();
    let begin = Instant::now();
    let filter = Filter { rule: Some("Rule 3".into()), class: Some("car".into()), ..Filter::default() };
    let page = log.page(&filter, None, 100).expect("read");
    let filtered = begin.elapsed();
    assert!(page.more && page.events.len() == 100);
    let begin = Instant::now();
    let found = log.page(&Filter { text: "#77".into(), ..Filter::default() }, None, 100).expect("read");
    let searched = begin.elapsed();
    assert_eq!(found.events.len(), 100);
    let begin = Instant::now();
    let none = log.page(&Filter { text: "nowhere".into(), ..Filter::default() }, None, 100).expect("read");
    let searched_all = begin.elapsed();
    assert!(none.events.is_empty());
    println!(
        "100,000 events: opened {opened:?}, with pictures {with_pictures:?}, filtered {filtered:?}, found {searched:?}, searched through {searched_all:?}"
    );
    for time in [with_pictures, filtered, searched, searched_all] {
        assert!(time.as_millis() < 1000, "{time:?}");
    }
}

const KILLED_LOG: &str = "SIGHTLINE_TEST_KILLED_LOG";

/// Runs in a process of its own, which is killed; see below.
#[test]
#[ignore = "run by a_log_survives_being_killed_while_it_is_written"]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(KILLED_LOG) else { return };
    let (mut log, trouble) = Log::open(Path::new(&path), 3_000_000).expect("opened");
    assert_eq!(trouble, None, "it was whole");
    for n in 0.. {
        let id = log.add(&event(n), Some(&[n as u8; 5000])).expect("added");
        // From here on it must not be lost.
        println!("added {id}");
    }
}

#[cfg(unix)]
#[test]
fn a_log_survives_being_killed_while_it_is_written() {
    use std::io::{BufRead as _, BufReader};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.sqlite");
    for round in 0..8u64 {
        let mut child = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--ignored", "--exact", "--nocapture", "events::log::tests::writes_until_it_is_killed"])
            .env(KILLED_LOG, &path)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let number = |line: String| line.rsplit_once("added ").and_then(|(_, id)| id.parse::<i64>().ok());
        // Killed at different moments: between events, within one, while old ones are dropped.
        let mut last = lines.by_ref().filter_map(number).nth(30 + 97 * round as usize).expect("it writes");
        std::thread::sleep(Duration::from_micros(700 * round));
        child.kill().expect("killed");
        child.wait().expect("ended");
        last = lines.filter_map(number).last().unwrap_or(last);
        let (log, trouble) = Log::open(&path, u64::MAX).expect("opened");
        assert_eq!(trouble, None);
        let whole: String =
            log.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checked");
        assert_eq!(whole, "ok");
        let newest = log.page(&Filter::default(), None, 1).expect("read").events[0].id;
        // The newest by number, because each child begins its story anew.
        let most: i64 =
            log.connection.query_row("SELECT max(id) FROM events", [], |row| row.get(0)).expect("read");
        assert!(most >= last && newest > 0, "event {last} was written and is lost; the last one is {most}");
        let lost: i64 = log
            .connection
            .query_row(
                "SELECT count(*) FROM events WHERE id NOT IN (SELECT event FROM thumbnails)",
                [],
                |row| row.get(0),
            )
            .expect("counted");
        assert_eq!(lost, 0, "an event and its image are written together");
    }
}

use proptest::prelude::*;

use super::*;
use crate::track::{Event, LineReport, Presence, TrackReport, ZoneReport};

const CAR: u32 = 2;
const PERSON: u32 = 0;

fn noon() -> NaiveTime {
    NaiveTime::from_hms_opt(12, 0, 0).expect("a time of the day")
}

fn rule(when: When) -> Rule {
    Rule {
        name: "r".into(),
        class: "car".into(),
        when,
        zone: Some("Drive".into()),
        line: Some("Gate".into()),
        ..Rule::default()
    }
}

fn judge(rules: &[Rule]) -> Judge {
    let mut judge = Judge::default();
    let rules: Vec<_> = rules.iter().cloned().map(Arc::new).collect();
    judge.set_rules(&rules, &Labels::coco80(), &mut Vec::new());
    judge
}

/// A frame in which these objects are in the zone: track, class, since when.
fn frame(time_s: f64, inside: &[(u32, u32, f64)]) -> Report {
    let track = |&(id, class_id, since_s): &(u32, u32, f64)| TrackReport {
        id,
        class_id,
        bbox: [0.0, 0.0, 10.0, 10.0],
        since_s,
        trail: 0..0,
        speed: None,
        predicted: false,
    };
    let presence =
        |&(track_id, class_id, since_s): &(u32, u32, f64)| Presence { track_id, class_id, since_s };
    Report {
        time_s,
        tracks: inside.iter().map(track).collect(),
        zones: vec![ZoneReport {
            name: "Drive".into(),
            inside: inside.iter().map(presence).collect(),
            ..Default::default()
        }],
        lines: vec![LineReport { name: "Gate".into(), ..Default::default() }],
        ..Report::default()
    }
}

fn with(mut report: Report, kind: EventKind, track_id: u32, class_id: u32) -> Report {
    let time_s = report.time_s;
    report.events.push(Event { kind, track_id, class_id, time_s, bbox: [1.0, 2.0, 3.0, 4.0] });
    report
}

fn step(judge: &mut Judge, report: &Report) -> Vec<Verdict> {
    let mut out = Vec::new();
    judge.step(report, noon(), &mut out);
    out
}

fn fired(verdicts: &[Verdict]) -> Vec<u32> {
    let track = |verdict: &Verdict| match verdict {
        Verdict::Fired(firing) => Some(firing.track_id),
        Verdict::Closed(_) => None,
    };
    verdicts.iter().filter_map(track).collect()
}

fn closed(verdicts: &[Verdict]) -> usize {
    verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Closed(_))).count()
}

#[test]
fn a_parked_car_fires_once_and_its_alert_closes_when_it_drives_away() {
    let mut judge = judge(&[Rule { for_s: 10.0, ..rule(When::StaysIn) }]);
    let mut all = Vec::new();
    for second in 0..100 {
        all.extend(step(&mut judge, &frame(f64::from(second), &[(7, CAR, 0.0)])));
        assert_eq!(fired(&all).len(), usize::from(second >= 10), "second {second}");
    }
    assert!(judge.has_alerts() && closed(&all) == 0);
    let gone = with(frame(100.0, &[]), EventKind::Disappeared, 7, CAR);
    assert_eq!(closed(&step(&mut judge, &gone)), 1);
    assert!(!judge.has_alerts());
    // It comes back: a new stay.
    assert_eq!(fired(&step(&mut judge, &frame(150.0, &[(7, CAR, 130.0)]))), [7]);
}

#[test]
fn only_the_class_of_the_rule_counts() {
    let mut judge = judge(&[rule(When::Enters), Rule { class: "any".into(), ..rule(When::Enters) }]);
    let verdicts = step(&mut judge, &frame(1.0, &[(1, PERSON, 1.0)]));
    assert_eq!(fired(&verdicts), [1], "the rule for any class alone");
    assert_eq!(fired(&step(&mut judge, &frame(2.0, &[(1, PERSON, 1.0), (2, CAR, 2.0)]))), [2, 2]);
}

#[test]
fn entering_for_some_seconds_leaves_out_what_passes_by() {
    let mut judge = judge(&[Rule { for_s: 3.0, ..rule(When::Enters) }]);
    assert!(fired(&step(&mut judge, &frame(1.0, &[(1, CAR, 1.0)]))).is_empty());
    assert!(fired(&step(&mut judge, &frame(3.5, &[]))).is_empty(), "it passed by");
    assert!(fired(&step(&mut judge, &frame(5.0, &[(2, CAR, 5.0)]))).is_empty());
    assert_eq!(fired(&step(&mut judge, &frame(8.0, &[(2, CAR, 5.0)]))), [2]);
}

#[test]
fn what_was_there_before_a_rule_doesnt_enter() {
    let mut judge = judge(&[]);
    step(&mut judge, &frame(1.0, &[(1, CAR, 0.0)]));
    let rules: Vec<_> = [rule(When::Enters), rule(When::Appears)].into_iter().map(Arc::new).collect();
    judge.set_rules(&rules, &Labels::coco80(), &mut Vec::new());
    assert!(fired(&step(&mut judge, &frame(2.0, &[(1, CAR, 0.0)]))).is_empty());
    assert_eq!(fired(&step(&mut judge, &frame(3.0, &[(1, CAR, 0.0), (2, CAR, 3.0)]))), [2, 2]);
}

#[test]
fn crossings_count_by_direction_and_line() {
    let crossed = |time, line: &str, inward| {
        with(frame(time, &[]), EventKind::Crossed { line: line.into(), inward }, 4, CAR)
    };
    let mut both = judge(&[
        Rule { direction: Direction::In, ..rule(When::Crosses) },
        Rule { name: "s".into(), at_least: 2, ..rule(When::Crosses) },
    ]);
    let first = step(&mut both, &crossed(1.0, "Gate", true));
    let Verdict::Fired(firing) = &first[0] else { panic!("{first:?}") };
    assert_eq!((firing.inward, firing.bbox, first.len()), (Some(true), Some([1.0, 2.0, 3.0, 4.0]), 1));
    assert!(step(&mut both, &crossed(1.5, "Other", true)).is_empty());
    let second = step(&mut both, &crossed(2.0, "Gate", false));
    assert_eq!(fired(&second).len(), 1, "every second crossing, in either direction");
    // Alerts of what happens in a moment close by themselves.
    assert_eq!(closed(&step(&mut both, &frame(3.0, &[]))), 1);
    assert_eq!(closed(&step(&mut both, &frame(4.0, &[]))), 1);
    assert!(!both.has_alerts());
}

#[test]
fn leaving_and_disappearing_know_how_long_it_was_there() {
    let mut judge = judge(&[
        Rule { for_s: 5.0, ..rule(When::Leaves) },
        Rule { name: "d".into(), for_s: 5.0, ..rule(When::Disappears) },
    ]);
    let left =
        |time, after_s| with(frame(time, &[]), EventKind::Left { zone: "Drive".into(), after_s }, 1, CAR);
    assert!(step(&mut judge, &left(1.0, 4.9)).is_empty());
    assert_eq!(fired(&step(&mut judge, &left(2.0, 5.1))), [1]);
    step(&mut judge, &frame(10.0, &[(3, CAR, 4.0)]));
    step(&mut judge, &frame(10.5, &[]));
    let gone = step(&mut judge, &with(frame(11.0, &[]), EventKind::Disappeared, 3, CAR));
    assert_eq!(fired(&gone), [3]);
    assert!(gone.iter().all(|verdict| !matches!(verdict, Verdict::Fired(Firing { bbox: Some(_), .. }))));
}

#[test]
fn a_crowd_fires_once_until_it_is_gone() {
    let mut judge = judge(&[Rule { at_least: 3, ..rule(When::StaysIn) }]);
    let two = [(1, CAR, 0.0), (2, CAR, 0.0)];
    let three = [(1, CAR, 0.0), (2, CAR, 0.0), (5, CAR, 1.0)];
    assert!(step(&mut judge, &frame(0.5, &two)).is_empty());
    assert_eq!(fired(&step(&mut judge, &frame(1.0, &three))), [5], "the one that made it a crowd");
    assert!(step(&mut judge, &frame(2.0, &three)).is_empty());
    let gone = with(frame(3.0, &two), EventKind::Disappeared, 5, CAR);
    assert_eq!(closed(&step(&mut judge, &gone)), 1);
    assert_eq!(fired(&step(&mut judge, &frame(4.0, &three))).len(), 1);
}

/// A frame in which these objects are in the picture, and none of them in the zone.
fn outside(time_s: f64, objects: &[(u32, u32, f64)]) -> Report {
    let mut report = frame(time_s, objects);
    report.zones[0].inside.clear();
    report
}

#[test]
fn what_isnt_seen_for_a_moment_doesnt_fire_again() {
    for when in [When::Appears, When::StaysIn] {
        let rule = Rule { for_s: 1.0, zone: None, ..rule(when) };
        let mut judge = judge(&[rule]);
        step(&mut judge, &frame(1.0, &[(7, CAR, 1.0)]));
        assert_eq!(fired(&step(&mut judge, &frame(2.0, &[(7, CAR, 1.0)]))), [7]);
        assert!(step(&mut judge, &frame(3.0, &[])).is_empty(), "its alert stays open");
        assert!(step(&mut judge, &frame(4.0, &[(7, CAR, 1.0)])).is_empty());
        // Another class for a moment is the same object, too.
        step(&mut judge, &frame(5.0, &[(7, PERSON, 1.0)]));
        assert!(step(&mut judge, &frame(6.0, &[(7, CAR, 1.0)])).is_empty());
        let gone = step(&mut judge, &with(frame(7.0, &[]), EventKind::Disappeared, 7, CAR));
        assert_eq!((closed(&gone), fired(&gone).len()), (1, 0));
        // Tracking was switched off and on: the numbers begin again.
        step(&mut judge, &frame(8.0, &[(8, CAR, 6.0)]));
        assert_eq!(
            fired(&step(&mut judge, &frame(9.5, &[(8, CAR, 8.0)]))),
            [8],
            "another object of that number"
        );
    }
}

#[test]
fn what_leaves_a_zone_and_comes_back_fires_again_and_what_is_hidden_in_it_doesnt() {
    let mut judge = judge(&[rule(When::Enters)]);
    assert_eq!(fired(&step(&mut judge, &frame(1.0, &[(7, CAR, 0.0)]))), [7]);
    step(&mut judge, &frame(2.0, &[]));
    assert!(step(&mut judge, &frame(3.0, &[(7, CAR, 0.0)])).is_empty(), "it was hidden");
    assert_eq!(closed(&step(&mut judge, &outside(4.0, &[(7, CAR, 0.0)]))), 1, "it is seen elsewhere");
    assert_eq!(fired(&step(&mut judge, &frame(5.0, &[(7, CAR, 0.0)]))), [7]);
}

#[test]
fn who_comes_to_others_comes_alone() {
    let mut judge = judge(&[rule(When::Enters)]);
    step(&mut judge, &frame(1.0, &[(7, CAR, 0.0)]));
    let second = step(&mut judge, &frame(2.0, &[(7, CAR, 0.0), (8, CAR, 2.0)]));
    let Verdict::Fired(firing) = &second[0] else { panic!("{second:?}") };
    assert_eq!((firing.track_id, firing.count, second.len()), (8, 1, 1));
}

#[test]
fn a_crowd_of_another_source_fires_too() {
    let mut judge = judge(&[Rule { at_least: 2, ..rule(When::StaysIn) }]);
    let two = [(1, CAR, 0.0), (2, CAR, 0.0)];
    assert_eq!(fired(&step(&mut judge, &frame(0.5, &two))).len(), 1);
    judge.restart(&mut Vec::new());
    assert_eq!(fired(&step(&mut judge, &frame(0.5, &two))).len(), 1);
}

#[test]
fn a_crowd_of_which_one_isnt_seen_for_a_moment_is_the_same_crowd() {
    let mut judge = judge(&[Rule { at_least: 2, ..rule(When::StaysIn) }]);
    let two = [(1, CAR, 0.0), (2, CAR, 0.0)];
    step(&mut judge, &frame(0.5, &two));
    assert!(step(&mut judge, &frame(1.0, &[(1, CAR, 0.0)])).is_empty());
    assert!(step(&mut judge, &frame(1.5, &two)).is_empty());
}

#[test]
fn a_pause_holds_when_a_video_starts_again() {
    let mut judge = judge(&[Rule { pause_s: 60.0, ..rule(When::Enters) }]);
    let mut count = 0;
    // Ten seconds of video, ten times, a new car in each round.
    for round in 0..10 {
        for second in 0..10 {
            let time = f64::from(second);
            count += fired(&step(&mut judge, &frame(time, &[(round + 1, CAR, 0.0)]))).len();
        }
    }
    assert_eq!(count, 2, "90 s of frames");
}

#[test]
fn nothing_fires_outside_of_its_hours_and_what_stays_fires_when_they_begin() {
    let mut judge = judge(&[Rule {
        for_s: 1.0,
        hours: Some("22:00-06:00".parse().expect("valid")),
        ..rule(When::StaysIn)
    }]);
    let mut out = Vec::new();
    judge.step(&frame(100.0, &[(1, CAR, 0.0)]), noon(), &mut out);
    assert!(out.is_empty());
    let night = NaiveTime::from_hms_opt(23, 0, 0).expect("a time of the day");
    judge.step(&frame(101.0, &[(1, CAR, 0.0)]), night, &mut out);
    assert_eq!(fired(&out), [1]);
}

#[test]
fn a_changed_or_removed_rule_closes_its_alerts_and_leaves_the_others_alone() {
    let stays = Arc::new(Rule { for_s: 1.0, ..rule(When::StaysIn) });
    let other = Arc::new(Rule { name: "o".into(), for_s: 1.0, ..rule(When::StaysIn) });
    let mut judge = Judge::default();
    let (coco, mut out) = (Labels::coco80(), Vec::new());
    judge.set_rules(&[Arc::clone(&stays), Arc::clone(&other)], &coco, &mut out);
    assert_eq!(fired(&step(&mut judge, &frame(5.0, &[(1, CAR, 0.0)]))).len(), 2);
    judge.set_rules(&[other], &coco, &mut out);
    assert_eq!(closed(&out), 1);
    assert!(step(&mut judge, &frame(6.0, &[(1, CAR, 0.0)])).is_empty(), "it has fired for this car");
    out.clear();
    judge.restart(&mut out);
    assert!(closed(&out) == 1 && !judge.has_alerts());
    assert_eq!(fired(&step(&mut judge, &frame(2.0, &[(1, CAR, 0.0)]))).len(), 1, "another source");
}

#[test]
fn a_zone_that_is_gone_closes_its_alerts_and_nothing_breaks() {
    let mut judge = judge(&[Rule { for_s: 1.0, ..rule(When::StaysIn) }]);
    step(&mut judge, &frame(5.0, &[(1, CAR, 0.0)]));
    let verdicts = step(&mut judge, &Report { time_s: 6.0, ..Report::default() });
    assert_eq!((closed(&verdicts), fired(&verdicts).len()), (1, 0));
}

/// A step of a random story: seconds that pass, who is in the zone, and an event.
type Step = (f64, Vec<u32>, Option<(u8, u32)>);

fn story() -> impl Strategy<Value = Vec<Step>> {
    let event = prop::option::of((0u8..4, 0u32..5));
    prop::collection::vec((-20.0..5.0f64, prop::collection::vec(0u32..5, 0..5), event), 1..80)
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let times = (prop::sample::select(vec![0.0, 1.0, 4.0]), prop::sample::select(vec![0.0, 7.0]));
    let night = prop::sample::select(vec![None, Some("22:00-06:00"), Some("11:00-13:00")]);
    (prop::sample::select(When::ALL.to_vec()), times, 1u32..4, night).prop_map(
        |(when, (for_s, pause_s), at_least, hours)| {
            let hours = hours.map(|text: &str| text.parse().expect("valid"));
            let for_s = if when == When::Crosses { 0.0 } else { for_s };
            Rule { class: "any".into(), for_s, pause_s, at_least, hours, ..rule(when) }
        },
    )
}

fn reports(story: &[Step]) -> Vec<Report> {
    let mut time = 0.0f64;
    let mut since: Vec<Option<f64>> = vec![None; 5];
    let report = |(step, tracks, event): &Step| {
        time = (time + step).max(0.0);
        for (id, since) in since.iter_mut().enumerate() {
            if tracks.contains(&(id as u32)) {
                since.get_or_insert(time);
            } else {
                *since = None;
            }
        }
        let inside: Vec<_> = since
            .iter()
            .enumerate()
            .filter_map(|(id, since)| since.map(|since| (id as u32 + 1, CAR, since)))
            .collect();
        let report = frame(time, &inside);
        match event {
            None => report,
            Some((kind, track)) => {
                let kind = match kind {
                    0 => EventKind::Disappeared,
                    1 => EventKind::Left { zone: "Drive".into(), after_s: 2.0 },
                    2 => EventKind::Crossed { line: "Gate".into(), inward: true },
                    _ => EventKind::Appeared,
                };
                with(report, kind, track + 1, CAR)
            }
        }
    };
    story.iter().map(report).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_alert_closes_once_pauses_hold_and_the_same_story_gives_the_same_firings(
        rule in any_rule(),
        story in story(),
    ) {
        let reports = reports(&story);
        let run = |judge: &mut Judge| {
            let mut all = Vec::new();
            for report in &reports {
                let mut out = Vec::new();
                judge.step(report, noon(), &mut out);
                all.push((judge.now, out));
            }
            all
        };
        let mut first = judge(std::slice::from_ref(&rule));
        let all = run(&mut first);
        prop_assert_eq!(&all, &run(&mut judge(std::slice::from_ref(&rule))));
        // At the end everything goes.
        let mut last = Vec::new();
        let time = reports.last().map_or(0.0, |report| report.time_s);
        let mut end = frame(time + 3.0, &[]);
        for track in 1..=5 {
            end = with(end, EventKind::Disappeared, track, CAR);
        }
        first.step(&end, noon(), &mut last);
        // What happens in a moment has an end of its own.
        first.step(&frame(time + 6.0, &[]), noon(), &mut last);
        prop_assert!(!first.has_alerts());
        let mut open = std::collections::BTreeSet::new();
        let mut before: Option<f64> = None;
        for (now, verdicts) in all.iter().chain([&(first.now, last)]) {
            for verdict in verdicts {
                match verdict {
                    Verdict::Fired(firing) => {
                        prop_assert!(open.insert(firing.alert), "an alert has one beginning");
                        prop_assert!(before.is_none_or(|before| now - before >= rule.pause_s || rule.pause_s == 0.0));
                        prop_assert!(rule.hours.is_none_or(|hours| hours.contains(noon())));
                        before = Some(*now);
                    }
                    Verdict::Closed(alert) => prop_assert!(open.remove(alert), "an alert has one end"),
                }
            }
        }
        prop_assert!(open.is_empty());
    }
}

/// A detector leaves two boxes of one car. The zone counts it once; when its first track ends, the second goes on in its place.
#[test]
fn the_second_box_of_an_object_that_was_told_is_no_other_object() {
    let mut judge = judge(&[rule(When::Enters)]);
    assert_eq!(fired(&step(&mut judge, &frame(1.0, &[(7, CAR, 0.8)]))), [7]);
    let gone = with(frame(2.0, &[(9, CAR, 0.8)]), EventKind::Disappeared, 7, CAR);
    let verdicts = step(&mut judge, &gone);
    assert!(fired(&verdicts).is_empty() && closed(&verdicts) == 0, "{verdicts:?}");
    // Its alert closes when the second has gone, too.
    assert_eq!(closed(&step(&mut judge, &with(frame(3.0, &[]), EventKind::Disappeared, 9, CAR))), 1);
}

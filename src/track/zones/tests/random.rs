//! Invariants over random tracks.

use proptest::prelude::*;

use super::{ACROSS, Drive, QUARTER, way};

/// A pause in seconds, and who is where after it.
type Step = (f64, Vec<(u32, [f32; 2])>);

fn walk() -> impl Strategy<Value = Vec<Step>> {
    let car = (1_u32..6, 0.0_f32..1000.0, 0.0_f32..500.0).prop_map(|(id, x, y)| (id, [x, y]));
    let step = (0.0_f64..3.0, prop::collection::vec(car, 0..5));
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn occupancy_is_entries_without_exits(steps in walk(), back in prop::option::of(0_usize..120)) {
        let mut drive = Drive::new(&format!("{ACROSS}{QUARTER}"));
        let mut time = 0.0;
        for (i, (pause, mut cars)) in steps.into_iter().enumerate() {
            cars.sort_by_key(|car| car.0);
            cars.dedup_by_key(|car| car.0);
            time += pause;
            if back == Some(i) {
                time = 0.0;
            }
            if i % 50 == 49 {
                drive.counter.reset_counts();
            }
            drive.step(time, &cars);
            let (occupancy, entries, exits) = drive.zone();
            prop_assert!(entries >= exits);
            prop_assert_eq!(occupancy, (entries - exits) as usize);
            let classes = &drive.report.zones[0].classes;
            prop_assert_eq!(classes.iter().map(|class| class.entries).sum::<u32>(), entries);
            prop_assert_eq!(classes.iter().map(|class| class.exits).sum::<u32>(), exits);
        }
    }

    #[test]
    fn the_crossings_of_one_track_alternate(steps in walk()) {
        // The line is as wide as the picture, so nobody gets around it.
        let mut drive = Drive::new(ACROSS);
        let mut time = 0.0;
        for (_, cars) in steps {
            time += 0.1;
            let cars: Vec<_> = cars.into_iter().filter(|car| car.0 == 1).take(1).collect();
            drive.step(time, &cars);
            // A track that is gone for two seconds starts anew.
            if cars.is_empty() { time -= 0.09 }
            let (inward, outward) = drive.line();
            prop_assert!(inward.abs_diff(outward) <= 1);
        }
    }

    #[test]
    fn every_straight_way_across_counts_once(x1 in 0.0_f32..1000.0, x2 in 0.0_f32..1000.0, steps in 4_usize..80, down: bool) {
        let mut drive = Drive::new(ACROSS);
        let (from, to) = if down { ([x1, 50.0], [x2, 450.0]) } else { ([x1, 450.0], [x2, 50.0]) };
        let mut all = way(from, to, steps);
        all.push(to);
        drive.path(1, &all);
        prop_assert_eq!(drive.line(), if down { (1, 0) } else { (0, 1) });
    }
}

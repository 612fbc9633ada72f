//! The map of the examples by t-SNE, which a thread of its own computes.

use super::*;
use crate::app::teach::state::{Learned, NoTsne, Placed};
use crate::learn::teach::{MAX_TSNE, MapKind};

impl Rig {
    /// What t-SNE gave for the examples whose results are shown.
    fn placed(&self) -> Option<&Placed> {
        let page = &self.own.page;
        page.map.placed(page.learned.as_ref()?)
    }

    /// Shows a result with so many examples.
    fn show_learned(&mut self, count: usize) -> u64 {
        let old = self.own.page.learned.clone().unwrap();
        let mut samples = old.samples.clone();
        let train = samples.train.clone();
        samples.train = (0..count)
            .map(|n| {
                let mut sample = train[n % train.len()].clone();
                let embedding: Vec<f32> =
                    (0..8).map(|axis| ((n * 8 + axis) as f32 * 12.9898).sin()).collect();
                sample.embedding = embedding.into();
                sample
            })
            .collect();
        let (key, info, trained) = (old.key.clone(), old.info.clone(), old.trained.clone());
        let map = vec![[0.0; 2]; count];
        let id = u64::MAX - count as u64;
        self.own.page.learned = Some(Arc::new(Learned { id, key, info, samples, trained, map }));
        id
    }
}

#[test]
fn t_sne_is_computed_when_it_is_asked_for_and_always_of_the_examples_that_are_shown() {
    let mut rig = trained();
    rig.apply(TeachIntent::Map(MapKind::Tsne));
    rig.pass();
    assert!(rig.own.mapper.is_none(), "the results aren't shown");
    rig.apply(TeachIntent::Map(MapKind::Pca));
    rig.apply(TeachIntent::Tab(TeachTab::Results));
    rig.pass();
    assert!(rig.own.mapper.is_none() && rig.own.page.map.placed.is_none(), "nobody asked for it");
    rig.apply(TeachIntent::Map(MapKind::Tsne));
    rig.wait("the map", |rig| rig.placed().is_some());
    let points = rig.placed().unwrap().points.clone().unwrap();
    assert_eq!(points.len(), 8);
    assert_ne!(points, rig.own.page.learned.as_ref().unwrap().map);
    // Back and forth: nothing is computed twice.
    for kind in [MapKind::Pca, MapKind::Tsne] {
        rig.apply(TeachIntent::Map(kind));
        rig.pass();
        assert!(rig.own.mapper.is_none() && rig.placed().is_some());
    }
    // Another example: its map is another one, and the old one is never shown for it.
    let file = image(rig.dir.path(), "one more.png", [190, 9, 9]);
    rig.apply(TeachIntent::AddFiles(rig.id(0), vec![file]));
    rig.wait("a map of nine", |rig| {
        let shown = rig.own.page.learned.as_ref().unwrap().samples.train.len();
        let placed = rig.placed().map(|placed| placed.points.as_ref().unwrap().len());
        assert!(placed.is_none_or(|count| count == shown), "{placed:?} points over {shown} examples");
        placed == Some(9)
    });
    // The page is left: no thread stays. The choice does, also for another project.
    rig.core.page = Page::Stage;
    rig.wait("the end of the threads", |rig| rig.own.threads() == 0);
    rig.core.page = Page::Teach;
    rig.apply(TeachIntent::Create("another".into()));
    rig.settle();
    assert_eq!(rig.own.page.map.kind, MapKind::Tsne);
    assert!(rig.own.page.map.placed.is_none());
}

#[test]
fn a_map_that_isnt_wanted_any_more_ends() {
    let mut rig = trained();
    rig.apply(TeachIntent::Tab(TeachTab::Results));
    rig.apply(TeachIntent::Map(MapKind::Tsne));
    let stops: [fn(&mut Rig); 4] = [
        |rig| rig.apply(TeachIntent::Map(MapKind::Pca)),
        |rig| rig.apply(TeachIntent::AddClass("another".into())),
        |rig| rig.apply(TeachIntent::Close),
        |rig| rig.core.page = Page::Stage,
    ];
    for (number, stop) in stops.into_iter().enumerate() {
        if rig.own.page.project.is_none() {
            rig = trained();
            rig.apply(TeachIntent::Tab(TeachTab::Results));
        }
        rig.settle();
        rig.wait("rest", |rig| rig.own.page.training == Training::Idle);
        // So many take seconds.
        let id = rig.show_learned(MAX_TSNE - number);
        rig.apply(TeachIntent::Map(MapKind::Tsne));
        rig.pass();
        assert!(rig.own.mapper.is_some(), "{number}");
        stop(&mut rig);
        if number == 1 {
            // Training begins with the class, as soon as it has an example.
            let file = image(rig.dir.path(), "first.png", [9, 190, 9]);
            rig.settle();
            rig.apply(TeachIntent::AddFiles(rig.id(2), vec![file]));
        }
        rig.wait("the end of the map", |rig| rig.own.mapper.is_none());
        assert!(rig.own.page.map.placed.as_ref().is_none_or(|placed| placed.learned != id), "{number}");
    }
    rig.wait("the end of the threads", |rig| rig.own.threads() == 0);
}

#[test]
fn what_was_asked_last_is_what_is_shown() {
    let mut rig = Rig::new();
    rig.own.page.find.colours = true;
    rig.apply(TeachIntent::Find(None));
    assert!(rig.own.page.find.colours);
    rig.apply(TeachIntent::Find(Some([0.2, 0.2, 0.4, 0.4])));
    assert!(!rig.own.page.find.colours, "colours would hide what was found");
}

#[test]
fn where_t_sne_gives_no_map_it_is_told_why() {
    let mut rig = trained();
    rig.apply(TeachIntent::Tab(TeachTab::Results));
    rig.apply(TeachIntent::Map(MapKind::Tsne));
    for (count, why) in [(3, NoTsne::Few), (MAX_TSNE + 1, NoTsne::Many(MAX_TSNE + 1))] {
        rig.show_learned(count);
        rig.wait("why not", |rig| rig.placed().is_some());
        assert_eq!(rig.placed().unwrap().points, Err(why));
    }
    assert_eq!(NoTsne::why(4), NoTsne::Alike);
}

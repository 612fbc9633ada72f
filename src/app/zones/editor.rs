//! The state of the editor: what is being drawn, selected and dragged, and the changes that can be undone.

use std::sync::Arc;

use super::shapes::points as points_of;
use super::shapes::{Grab, Item, Kind, shifted, with_new, with_points, without};
use crate::track::zones::geometry::Point;
use crate::track::zones::{MAX_POINTS, SceneFile, SceneProblem};

/// Changes that can be undone, at most.
const HISTORY: usize = 200;

/// The state of the editor. The scene file itself belongs to the controller; the editor says what becomes of it.
#[derive(Debug, Default)]
pub struct Editor {
    /// The editor is open.
    pub open: bool,
    /// What is being drawn.
    pub drawing: Option<Kind>,
    /// The points that were drawn so far.
    pub draft: Vec<Point>,
    pub selected: Option<Item>,
    /// The selected vertex of the selected shape.
    pub vertex: Option<usize>,
    pub drag: Option<Drag>,
    /// Why the last change wasn't made.
    pub problem: Option<SceneProblem>,
    /// The name that is being typed, of which shape.
    pub name: Option<(Item, String)>,
    /// The classes that are being typed, of which shape.
    pub classes: Option<(Item, String)>,
    /// It was just opened: the side panel scrolls to its tools.
    pub just_opened: bool,
    past: Vec<Arc<SceneFile>>,
    future: Vec<Arc<SceneFile>>,
}

/// A shape that follows the pointer.
#[derive(Clone, Debug)]
pub struct Drag {
    pub item: Item,
    pub grab: Grab,
    /// Where the pointer took it.
    pub from: Point,
    /// Its points before.
    pub before: Vec<Point>,
    /// Its points now.
    pub now: Vec<Point>,
}

impl Editor {
    /// Another scene file was loaded: nothing of the old one stays.
    pub fn reset(&mut self) {
        *self = Self { open: self.open, ..Self::default() };
    }

    /// Opens or closes it. What is half drawn is given up.
    pub fn show(&mut self, open: bool) {
        self.open = open;
        self.just_opened = open;
        self.cancel();
        self.selected = None;
    }

    /// Begins to draw.
    pub fn draw(&mut self, kind: Kind) {
        self.cancel();
        self.drawing = Some(kind);
        self.selected = None;
    }

    /// Gives up what is being drawn or dragged. Returns whether there was something.
    pub fn cancel(&mut self) -> bool {
        let was = self.drawing.is_some() || self.drag.is_some();
        self.drawing = None;
        self.draft.clear();
        self.drag = None;
        self.vertex = None;
        self.problem = None;
        was
    }

    /// Adds a point to what is being drawn. Returns the scene with the shape if that completes it.
    pub fn add_point(&mut self, scene: &SceneFile, point: Point, word: &str) -> Option<Arc<SceneFile>> {
        let kind = self.drawing?;
        self.problem = None;
        // A double click's second click is at the same place.
        if self.draft.last() != Some(&point) && self.draft.len() < MAX_POINTS {
            self.draft.push(point);
        }
        if self.draft.len() >= kind.points() { self.finish(scene, word) } else { None }
    }

    /// Completes what is being drawn. Returns the scene with it.
    pub fn finish(&mut self, scene: &SceneFile, word: &str) -> Option<Arc<SceneFile>> {
        let kind = self.drawing?;
        match with_new(scene, kind, &self.draft, word) {
            Ok((scene, item)) => {
                self.cancel();
                self.selected = Some(item);
                Some(Arc::new(scene))
            }
            Err(problem) => {
                // A line or four points of the ground are complete but wrong: the last point is set anew.
                if self.draft.len() >= kind.points() {
                    self.draft.pop();
                }
                self.problem = Some(problem);
                None
            }
        }
    }

    /// Takes the last point back. Returns whether there was one.
    pub fn take_back(&mut self) -> bool {
        self.problem = None;
        self.draft.pop().is_some()
    }

    /// The pointer takes a shape.
    pub fn take(&mut self, scene: &SceneFile, item: Item, grab: Grab, at: Point) {
        self.problem = None;
        self.selected = Some(item);
        let before = points_of(scene, item).to_vec();
        let (mut now, mut grab) = (before.clone(), grab);
        if let (Grab::Edge(place), Item::Zone(_)) = (grab, item)
            && now.len() < MAX_POINTS
        {
            now.insert(place + 1, at);
            grab = Grab::Vertex(place + 1);
        }
        self.vertex = match grab {
            Grab::Vertex(place) => Some(place),
            _ => None,
        };
        self.drag = Some(Drag { item, grab, from: at, before, now });
    }

    /// The pointer moved.
    pub fn pull(&mut self, to: Point) {
        let Some(drag) = &mut self.drag else { return };
        match drag.grab {
            Grab::Vertex(place) => {
                if let Some(point) = drag.now.get_mut(place) {
                    *point = to;
                }
            }
            Grab::Edge(_) | Grab::Whole => {
                let by = [to[0] - drag.from[0], to[1] - drag.from[1]];
                drag.now = shifted(&drag.before, by);
            }
        }
    }

    /// The pointer lets go. Returns the scene with the moved shape; nothing if it can't be there, or wasn't moved.
    pub fn let_go(&mut self, scene: &SceneFile) -> Option<Arc<SceneFile>> {
        let Drag { item, before, now, .. } = self.drag.take()?;
        if before == now {
            return None;
        }
        self.checked(with_points(scene, item, &now))
    }

    /// Moves the selected vertex, or else the selected shape.
    pub fn nudge(&mut self, scene: &SceneFile, by: Point) -> Option<Arc<SceneFile>> {
        let item = self.selected?;
        let mut points = points_of(scene, item).to_vec();
        match self.vertex.and_then(|place| points.get_mut(place)) {
            Some(point) => *point = shifted(&[*point], by)[0],
            None => points = shifted(&points, by),
        }
        self.checked(with_points(scene, item, &points))
    }

    /// Removes the selected vertex of a zone, or else the selected shape.
    pub fn delete(&mut self, scene: &SceneFile) -> Option<Arc<SceneFile>> {
        let item = self.selected?;
        if let (Some(place), Item::Zone(_)) = (self.vertex, item) {
            let mut points = points_of(scene, item).to_vec();
            if place < points.len() && points.len() > 3 {
                points.remove(place);
                self.vertex = None;
                return self.checked(with_points(scene, item, &points));
            }
        }
        self.cancel();
        self.selected = None;
        Some(Arc::new(without(scene, item)))
    }

    fn checked(&mut self, changed: Result<SceneFile, SceneProblem>) -> Option<Arc<SceneFile>> {
        match changed {
            Ok(scene) => {
                self.problem = None;
                Some(Arc::new(scene))
            }
            Err(problem) => {
                self.problem = Some(problem);
                None
            }
        }
    }

    /// A change is made: `before` can be gone back to.
    pub fn remember(&mut self, before: Arc<SceneFile>) {
        self.past.push(before);
        if self.past.len() > HISTORY {
            self.past.remove(0);
        }
        self.future.clear();
    }

    /// The scene before the last change.
    pub fn undo(&mut self, now: &Arc<SceneFile>) -> Option<Arc<SceneFile>> {
        let scene = self.past.pop()?;
        self.future.push(Arc::clone(now));
        self.forget(&scene);
        Some(scene)
    }

    /// The scene before the last [`Self::undo`].
    pub fn redo(&mut self, now: &Arc<SceneFile>) -> Option<Arc<SceneFile>> {
        let scene = self.future.pop()?;
        self.past.push(Arc::clone(now));
        self.forget(&scene);
        Some(scene)
    }

    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Forgets what is selected if the scene doesn't have it.
    fn forget(&mut self, scene: &SceneFile) {
        self.cancel();
        (self.name, self.classes) = (None, None);
        if self.selected.is_some_and(|item| points_of(scene, item).is_empty()) {
            self.selected = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [Point; 4] = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]];

    fn drawn() -> (Editor, Arc<SceneFile>) {
        let (mut editor, scene) = (Editor::default(), SceneFile::default());
        editor.draw(Kind::Zone);
        for point in SQUARE {
            assert!(editor.add_point(&scene, point, "zone").is_none());
        }
        let scene = editor.finish(&scene, "zone").expect("a zone");
        (editor, scene)
    }

    #[test]
    fn a_zone_is_drawn_point_by_point() {
        let (mut editor, scene) = drawn();
        assert_eq!((&*scene.zones[0].name, scene.zones[0].points.as_slice()), ("zone 1", SQUARE.as_slice()));
        assert_eq!((editor.selected, editor.drawing), (Some(Item::Zone(0)), None));
        editor.draw(Kind::Zone);
        editor.add_point(&scene, [0.2, 0.2], "zone");
        editor.add_point(&scene, [0.3, 0.3], "zone");
        assert!(editor.finish(&scene, "zone").is_none() && editor.problem.is_some(), "two points");
        assert!(editor.take_back() && editor.cancel() && !editor.cancel());
        assert!(editor.draft.is_empty());
    }

    #[test]
    fn a_line_is_complete_with_its_second_point() {
        let (mut editor, scene) = (Editor::default(), SceneFile::default());
        editor.draw(Kind::Line);
        assert!(editor.add_point(&scene, [0.2, 0.2], "line").is_none());
        assert!(editor.add_point(&scene, [0.2, 0.2], "line").is_none(), "the same point again");
        let scene = editor.add_point(&scene, [0.8, 0.2], "line").expect("a line");
        assert_eq!(scene.lines[0].points, [[0.2, 0.2], [0.8, 0.2]]);
    }

    #[test]
    fn vertices_are_moved_inserted_and_removed() {
        let (mut editor, scene) = drawn();
        editor.take(&scene, Item::Zone(0), Grab::Vertex(2), [0.5, 0.5]);
        editor.pull([0.7, 0.8]);
        let scene = editor.let_go(&scene).expect("moved");
        assert_eq!(scene.zones[0].points[2], [0.7, 0.8]);
        editor.take(&scene, Item::Zone(0), Grab::Edge(0), [0.3, 0.1]);
        editor.pull([0.3, 0.05]);
        let scene = editor.let_go(&scene).expect("inserted");
        assert_eq!(scene.zones[0].points[..3], [[0.1, 0.1], [0.3, 0.05], [0.5, 0.1]]);
        let scene = editor.delete(&scene).expect("the vertex that was just moved");
        assert_eq!(scene.zones[0].points.len(), 4);
        let scene = editor.delete(&scene).expect("the zone");
        assert!(scene.zones.is_empty());
    }

    #[test]
    fn a_vertex_cant_be_dragged_to_where_edges_cross() {
        let (mut editor, scene) = drawn();
        editor.take(&scene, Item::Zone(0), Grab::Vertex(0), [0.1, 0.1]);
        editor.pull([0.9, 0.3]);
        assert!(editor.let_go(&scene).is_none());
        assert!(matches!(editor.problem, Some(SceneProblem::Crossing { .. })));
    }

    #[test]
    fn a_shape_moves_as_a_whole_and_stays_in_the_picture() {
        let (mut editor, scene) = drawn();
        editor.take(&scene, Item::Zone(0), Grab::Whole, [0.2, 0.2]);
        editor.pull([0.9, 0.2]);
        let scene = editor.let_go(&scene).expect("moved");
        assert_eq!(scene.zones[0].points, [[0.6, 0.1], [1.0, 0.1], [1.0, 0.5], [0.6, 0.5]]);
        editor.vertex = None;
        let scene = editor.nudge(&scene, [0.01, -0.01]).expect("nudged");
        assert_eq!(scene.zones[0].points[0], [0.6, 0.09]);
    }

    #[test]
    fn changes_are_undone_and_made_again() {
        let (mut editor, scene) = drawn();
        let empty = Arc::new(SceneFile::default());
        editor.remember(Arc::clone(&empty));
        assert_eq!(editor.undo(&scene), Some(Arc::clone(&empty)));
        assert_eq!((editor.selected, editor.can_undo(), editor.can_redo()), (None, false, true));
        assert_eq!(editor.redo(&empty), Some(Arc::clone(&scene)));
        editor.undo(&scene);
        editor.remember(empty);
        assert!(!editor.can_redo(), "another change was made");
    }
}

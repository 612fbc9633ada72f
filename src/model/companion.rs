//! A second model that processes the same frame: the pose model that finds the skeletons for an action network, or the
//! matting model that cuts the person out of the image of a style network.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::network::Network;
use super::results::{ClassScore, Plane, PlaneValues, StageTimes};
use super::skeletons::{Joints, Skeletons};
use super::spec::{Spec, Task, Thresholds};
use super::{Model, ModelError, OpenOptions, Results, families, folders, inspect, ms_since, sampling};
use crate::frame::Frame;

/// An action takes seconds: the action network runs again when this many thirtieths of a second have passed.
const EVERY: i64 = 8;

/// The second model.
#[derive(Debug)]
pub(super) enum Companion {
    Pose(Box<Pose>),
    Matte(Box<Matte>),
}

/// Finds the skeletons, and keeps those of the last frames.
#[derive(Debug)]
pub(super) struct Pose {
    model: Model,
    skeletons: Skeletons,
    /// Shape of the network's input.
    shape: [i64; 5],
    thresholds: Thresholds,
    /// When the first frame was taken.
    begin: Option<Instant>,
    /// The row of the last run of the action network.
    last_run: Option<i64>,
    /// Its result.
    top: Vec<ClassScore>,
}

/// Separates the person from the background.
#[derive(Debug)]
pub(super) struct Matte {
    model: Model,
    results: Results,
}

/// The task that the second model of a model of this task has; `None` if it needs none.
#[must_use]
pub fn task_for(task: Task) -> Option<Task> {
    match task {
        Task::Action => Some(Task::Pose),
        Task::Stylize => Some(Task::Matte),
        _ => None,
    }
}

/// The models that can be the second one: those of the right kind in the folder of the model, then in the folders of
/// models.
#[must_use]
pub fn choices(path: &Path, task: Task) -> Vec<PathBuf> {
    let Some(wanted) = task_for(task) else { return Vec::new() };
    let own = path.parent().map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
    let mut places: Vec<PathBuf> = own.into_iter().map(Path::to_owned).collect();
    places.extend(folders::model_folders());
    let fits = |path: &PathBuf| {
        inspect(path).is_ok_and(|seen| seen.spec.is_ok_and(|spec| fits(&spec, wanted).is_ok()))
    };
    folders::model_files(&places).into_iter().filter(fits).collect()
}

/// Why a model can't be the second one; each message is the end of a sentence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unfit {
    #[error("it is for \u{201c}{task}\u{201d}, not \u{201c}{wanted}\u{201d}")]
    Task { task: Task, wanted: Task },
    #[error("its skeletons don't have COCO's 17 points")]
    Points,
}

/// Checks that a model can be the second one.
fn fits(spec: &Spec, wanted: Task) -> Result<(), Unfit> {
    if spec.task != wanted {
        return Err(Unfit::Task { task: spec.task, wanted });
    }
    if wanted == Task::Pose && spec.output.keypoints.is_none_or(|(count, _)| count != 17) {
        return Err(Unfit::Points);
    }
    Ok(())
}

/// Opens the second model: that of the options, else that of the sidecar, else, for skeletons, the first that is found.
/// `shape` is that of the first model's input; the path of the second model is written to `spec`.
pub(super) fn open(
    path: &Path,
    spec: &mut Spec,
    shape: &[Option<u64>],
    options: &OpenOptions,
) -> Result<Option<Companion>, ModelError> {
    let named = match spec.task {
        Task::Action => options.pose.clone(),
        Task::Stylize => options.matte.clone(),
        _ => return Ok(None),
    };
    let in_folder = |name: PathBuf| path.parent().map_or_else(|| name.clone(), |folder| folder.join(&name));
    let chosen = named.or_else(|| spec.companion.take().map(in_folder));
    let chosen = match (chosen, spec.task) {
        (Some(chosen), _) => chosen,
        (None, Task::Action) => {
            choices(path, Task::Action).into_iter().next().ok_or_else(|| ModelError::CannotRun {
                path: path.to_owned(),
                reason: "it reads skeletons, and no pose model that finds them is here".into(),
                remedy: "Put a pose model with COCO's 17 points next to it (YOLO11-pose, MoveNet), or name one with --pose FILE."
                    .into(),
            })?
        }
        (None, _) => return Ok(None),
    };
    let wanted = task_for(spec.task).unwrap_or(spec.task);
    let bad = |reason: String| ModelError::BadCompanion { path: chosen.clone(), reason };
    let seen = inspect(&chosen).map_err(|e| bad(e.to_string().trim_end_matches('.').to_owned()))?;
    let second = seen.spec.map_err(|_| bad("the model's type is not recognised".into()))?;
    fits(&second, wanted).map_err(|e| bad(e.to_string()))?;
    let how = OpenOptions {
        threads: options.threads,
        device: options.device.clone(),
        cache: options.cache.clone(),
        isolation: options.isolation.clone(),
        cancel: options.cancel.clone(),
        ..OpenOptions::default()
    };
    let model = Model::open(&chosen, &how)?;
    let name = model.name();
    spec.companion = Some(chosen);
    if wanted == Task::Matte {
        spec.evidence.push(format!("\u{201c}{name}\u{201d} cuts the person out"));
        return Ok(Some(Companion::Matte(Box::new(Matte { model, results: Results::default() }))));
    }
    spec.evidence.push(format!("\u{201c}{name}\u{201d} finds the skeletons"));
    let (width, height) = spec.input.size.bound();
    let people = shape.get(4).copied().flatten().unwrap_or(2).clamp(1, 16) as usize;
    let joints = Joints::of(width).unwrap_or(Joints::Coco);
    Ok(Some(Companion::Pose(Box::new(Pose {
        model,
        skeletons: Skeletons::new(joints, height as usize, people),
        shape: [1, 3, i64::from(height), i64::from(width), people as i64],
        thresholds: Thresholds::default(),
        begin: None,
        last_run: None,
        top: Vec::new(),
    }))))
}

impl Companion {
    /// The second model.
    pub fn model(&self) -> &Model {
        match self {
            Self::Pose(pose) => &pose.model,
            Self::Matte(matte) => &matte.model,
        }
    }

    /// See [`Self::model`].
    pub fn model_mut(&mut self) -> &mut Model {
        match self {
            Self::Pose(pose) => &mut pose.model,
            Self::Matte(matte) => &mut matte.model,
        }
    }

    /// Runs both models once, so that the first real frame isn't slow.
    pub fn warm_up(&mut self, first: &mut Network) -> Result<(), ModelError> {
        match self {
            Self::Pose(pose) => {
                pose.model.warm_up()?;
                pose.skeletons.write(&mut first.session.image(&pose.shape)?);
                first.session.run(|_| ())
            }
            Self::Matte(matte) => {
                matte.model.warm_up()?;
                first.warm_up()
            }
        }
    }

    /// Processes one frame with both models.
    pub fn run(
        &mut self,
        first: &mut Network,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        match self {
            Self::Pose(pose) => pose.run(first, frame, thresholds, results),
            Self::Matte(matte) => matte.run(first, frame, thresholds, results),
        }
    }
}

impl Pose {
    fn run(
        &mut self,
        first: &mut Network,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        // The class filter is for actions.
        (self.thresholds.conf, self.thresholds.iou) = (thresholds.conf, thresholds.iou);
        self.thresholds.max_det = thresholds.max_det;
        let mut times = self.model.run(frame, &self.thresholds, results)?;
        let before = Instant::now();
        if first.begins_anew(frame) {
            self.skeletons.clear();
            (self.begin, self.last_run) = (None, None);
            self.top.clear();
        }
        let begin = *self.begin.get_or_insert(frame.captured);
        let since = || frame.captured.saturating_duration_since(begin).as_secs_f64();
        self.skeletons.push(results, frame.time_s.unwrap_or_else(since));
        let now = self.skeletons.now();
        // Also after a step back in a video.
        if self.last_run.is_none_or(|last| now >= last + EVERY || now < last) {
            self.top.clear();
            if self.skeletons.is_enough() {
                self.skeletons.write(&mut first.session.image(&self.shape)?);
                times.input += ms_since(before);
                Self::run_actions(first, thresholds, results, &mut times)?;
                self.top.extend_from_slice(&results.top);
                self.last_run = Some(now);
            }
        }
        results.task = Task::Action;
        results.top.clear();
        results.top.extend_from_slice(&self.top);
        times.total += ms_since(before);
        Ok(times)
    }

    /// Runs the action network on the skeletons in its tensor.
    fn run_actions(
        first: &mut Network,
        thresholds: &Thresholds,
        results: &mut Results,
        times: &mut StageTimes,
    ) -> Result<(), ModelError> {
        let begin = Instant::now();
        let Network { spec, session, scratch, .. } = first;
        let geometry = super::geometry::Geometry::new(results.frame_size, spec.input.size, spec.input.fit);
        let context = families::Context { spec, geometry: &geometry, thresholds };
        results.top.clear();
        session.run(|outputs| {
            times.inference += ms_since(begin);
            let reading = Instant::now();
            let read = families::decode_into(outputs, context, scratch, results);
            times.output += ms_since(reading);
            read.map_err(|reason| ModelError::UnexpectedOutput { family: spec.family.name(), reason })
        })?
    }
}

impl Matte {
    fn run(
        &mut self,
        first: &mut Network,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        let mut times = first.run(frame, thresholds, results)?;
        let own = self.model.run(frame, thresholds, &mut self.results)?;
        let begin = Instant::now();
        if let (Some(image), Some(matte)) = (&mut results.plane, &self.results.plane) {
            cut_out(image, matte);
        }
        let cutting = ms_since(begin);
        times.input += own.input;
        times.inference += own.inference;
        times.output += own.output + cutting;
        times.total += own.total + cutting;
        Ok(times)
    }
}

/// Makes the background of an image transparent; image and matte cover the same frame.
fn cut_out(image: &mut Plane, matte: &Plane) {
    let PlaneValues::Image(pixels) = &mut image.values else { return };
    let PlaneValues::Matte(alpha) = &matte.values else { return };
    if matte.width == 0 || alpha.len() < matte.width * matte.height {
        return;
    }
    // The cells of the matte that a pixel of the image lies between, an axis at a time; none outside the matte.
    let place = |at: usize, count: usize, [from, to]: [f32; 2], [low, high]: [f32; 2], cells: usize| {
        let frame = from + (at as f32 + 0.5) / count as f32 * (to - from);
        let position = (frame - low) / (high - low) * cells as f32;
        (0.0..=cells as f32).contains(&position).then(|| sampling::between(position - 0.5, cells))
    };
    let (p, m) = (image.region, matte.region);
    for (y, row) in pixels.chunks_exact_mut(image.width.max(1) * 4).enumerate() {
        let down = place(y, image.height, [p[1], p[3]], [m[1], m[3]], matte.height);
        for (x, pixel) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let across = place(x, image.width, [p[0], p[2]], [m[0], m[2]], matte.width);
            pixel[3] = match (across, down) {
                (Some(across), Some(down)) => {
                    let value = sampling::bilinear(across, down, |x, y| alpha[y * matte.width + x]);
                    (value * 255.0).round() as u8
                }
                _ => 0,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;

    #[test]
    fn an_image_is_cut_out_where_the_matte_lies_in_the_frame() {
        let mut image = Plane {
            region: [0.0, 0.0, 8.0, 2.0],
            width: 4,
            height: 1,
            values: PlaneValues::Image(vec![255; 16]),
        };
        // The matte covers the frame's right half, its left column the background.
        let matte = Plane {
            region: [4.0, 0.0, 8.0, 2.0],
            width: 2,
            height: 2,
            values: PlaneValues::Matte(vec![0.0, 1.0, 0.0, 1.0]),
        };
        cut_out(&mut image, &matte);
        let PlaneValues::Image(pixels) = &image.values else { panic!("no image") };
        let alphas: Vec<u8> = pixels.chunks(4).map(|p| p[3]).collect();
        assert_eq!(alphas, [0, 0, 0, 255]);
        assert_eq!(&pixels[..3], [255; 3], "colours stay");
    }

    #[test]
    fn only_the_right_kind_fits() {
        let mut spec = families::testing::spec(Family::MoveNet, Task::Pose, 64, 64);
        assert!(fits(&spec, Task::Matte).is_err_and(|why| why.to_string().contains("pose")));
        assert!(fits(&spec, Task::Pose).is_err_and(|why| why.to_string().contains("17")));
        spec.output.keypoints = Some((17, 3));
        assert_eq!(fits(&spec, Task::Pose), Ok(()));
    }
}

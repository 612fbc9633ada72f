//! What a record says, as results that can be drawn again.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use crate::model::Task;
use crate::model::labels::Labels;
use crate::model::results::{ClassScore, Detection, Keypoint, Mask, Oriented, Results};
use crate::save::FrameRecord;
use crate::save::rle::Rle;
use crate::whole_file;

/// A larger record isn't read.
const MOST_BYTES: u64 = 64 << 20;
/// Of a video's record so many bytes are read.
const MOST_OF_VIDEO: u64 = 256 << 20;
/// Classes of higher numbers have no name.
const MOST_CLASSES: usize = 65_536;

/// The records of an image (one) or a video (one a frame, in order).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    frames: Vec<FrameRecord>,
    /// Two frames are at most so far apart, in seconds.
    step_s: f64,
}

impl Recorded {
    /// The record of the frame at this second of a video, or the only one.
    #[must_use]
    pub fn at(&self, time_s: Option<f64>) -> Option<&FrameRecord> {
        let Some(time_s) = time_s else { return self.frames.first() };
        let time = |frame: &FrameRecord| frame.time_s.unwrap_or_default();
        let after = self.frames.partition_point(|frame| time(frame) < time_s);
        let near = [after.checked_sub(1), Some(after)].into_iter().flatten();
        let near = near.filter_map(|place| self.frames.get(place));
        let nearest = near.min_by(|a, b| (time(a) - time_s).abs().total_cmp(&(time(b) - time_s).abs()))?;
        // A model that is slower than the video has no result for some frames.
        ((time(nearest) - time_s).abs() <= self.step_s * 0.75 + 0.01).then_some(nearest)
    }

    fn new(mut frames: Vec<FrameRecord>) -> Self {
        frames.sort_by(|a, b| a.time_s.unwrap_or_default().total_cmp(&b.time_s.unwrap_or_default()));
        let times = frames.windows(2).filter_map(|two| Some(two[1].time_s? - two[0].time_s?));
        let mut steps: Vec<f64> = times.filter(|step| *step > 0.0).collect();
        steps.sort_by(f64::total_cmp);
        let step_s = steps.get(steps.len() / 2).copied().unwrap_or(0.1);
        Self { frames, step_s }
    }
}

/// Reads the record of an image, or with the ending `jsonl` that of a video.
///
/// # Errors
/// Why it can't be read, as the end of a sentence.
pub fn read_recorded(path: &Path) -> Result<Recorded, String> {
    if path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("jsonl")) {
        let bytes = whole_file::read(path, MOST_BYTES).map_err(|error| error.to_string())?;
        let record = serde_json::from_slice(&bytes).map_err(|_| "it isn't a record of Sightline")?;
        return Ok(Recorded::new(vec![record]));
    }
    if !std::fs::metadata(path).is_ok_and(|meta| meta.is_file()) {
        return Err("it isn't a record of Sightline".into());
    }
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut frames = Vec::new();
    for line in BufReader::new(file.take(MOST_OF_VIDEO)).split(b'\n') {
        let line = line.map_err(|error| error.to_string())?;
        // The last one may have been cut off.
        frames.extend(serde_json::from_slice::<FrameRecord>(&line));
    }
    Ok(Recorded::new(frames))
}

/// The results that a record was made of, as far as it tells them, and the names of their classes.
#[must_use]
pub fn results_of(record: &FrameRecord) -> (Results, Labels) {
    let size = (record.size[0], record.size[1]);
    let mut results = Results::default();
    results.clear(record.task.unwrap_or(Task::Detect), size);
    let mut names = Vec::<String>::new();
    let mut name = |class_id: u32, label: &str| {
        let place = class_id as usize;
        if place < MOST_CLASSES {
            while names.len() <= place {
                names.push(format!("class {}", names.len()));
            }
            label.clone_into(&mut names[place]);
        }
    };
    for found in &record.detections {
        name(found.class_id, &found.label);
        let mut detection = Detection::new(found.class_id, found.score as f32, found.bbox.map(|v| v as f32));
        detection.track_id = found.track_id;
        if let Some(points) = &found.keypoints {
            detection.keypoints = (results.keypoints.len(), points.len());
            let point = |p: &[f64; 3]| Keypoint { x: p[0] as f32, y: p[1] as f32, score: p[2] as f32 };
            results.keypoints.extend(points.iter().map(point));
        }
        if let (Some(corners), Some(angle)) = (found.corners, found.angle) {
            let corners = corners.map(|corner| corner.map(|v| v as f32));
            detection.oriented = Some(Oriented { corners, angle: angle as f32 });
        }
        if let Some(mask) = found.mask.as_ref().and_then(|rle| mask_of(rle, size, detection.bbox)) {
            detection.mask = Some(results.masks.len());
            results.masks.push(mask);
        }
        results.detections.push(detection);
    }
    for class in record.top.iter().flatten() {
        name(class.class_id, &class.label);
        results.top.push(ClassScore { class_id: class.class_id, score: class.score as f32 });
    }
    (results, Labels::new(names))
}

/// Larger masks aren't drawn: frames of 8192×8192.
const MOST_PIXELS: u64 = 1 << 26;

/// The part of a mask around its object; `None` if it doesn't fit the frame.
fn mask_of(rle: &Rle, (width, height): (u32, u32), bbox: [f32; 4]) -> Option<Mask> {
    let pixels = u64::from(width) * u64::from(height);
    // Records come from anywhere, and a mask takes a byte for each pixel.
    if pixels > MOST_PIXELS {
        return None;
    }
    let told: u64 = rle.counts.iter().map(|&count| u64::from(count)).sum();
    if rle.size != [height, width] || told != pixels {
        return None;
    }
    let at = |v: f32, most: u32| v.clamp(0.0, most as f32) as u32;
    let (x1, y1) = (at(bbox[0].floor() - 1.0, width), at(bbox[1].floor() - 1.0, height));
    let (x2, y2) = (at(bbox[2].ceil() + 1.0, width), at(bbox[3].ceil() + 1.0, height));
    let (columns, rows) = ((x2.checked_sub(x1)?) as usize, (y2.checked_sub(y1)?) as usize);
    if columns == 0 || rows == 0 {
        return None;
    }
    let mut data = vec![0; columns * rows];
    let (mut next, mut inside) = (0u64, false);
    for &count in &rle.counts {
        let end = next + u64::from(count);
        if inside {
            // A run goes down a column and on in the next one.
            let mut pixel = next;
            while pixel < end {
                let x = (pixel / u64::from(height)) as u32;
                let (from, to) = (
                    pixel % u64::from(height),
                    (end - u64::from(x) * u64::from(height)).min(u64::from(height)),
                );
                if (x1..x2).contains(&x) {
                    let column = (x - x1) as usize;
                    for y in from.max(u64::from(y1))..to.min(u64::from(y2)) {
                        data[(y as usize - y1 as usize) * columns + column] = 255;
                    }
                }
                pixel += to - from;
            }
        }
        (next, inside) = (end, !inside);
    }
    let region = [x1 as f32, y1 as f32, x2 as f32, y2 as f32];
    Some(Mask { region, width: columns, height: rows, data })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::results::StageTimes;
    use crate::save::FrameInfo;

    #[test]
    fn what_was_saved_is_drawn_as_it_was_found() {
        let mut results = Results::default();
        results.clear(Task::Segment, (40, 30));
        let mut found = Detection::new(1, 0.5, [4.0, 5.0, 14.0, 11.0]);
        found.track_id = Some(7);
        let mut data = vec![0; 10 * 6];
        data.iter_mut().step_by(3).for_each(|value| *value = 255);
        results.masks.push(Mask { region: [4.0, 5.0, 14.0, 11.0], width: 10, height: 6, data });
        found.mask = Some(0);
        results.keypoints.push(Keypoint { x: 6.0, y: 7.0, score: 0.5 });
        found.keypoints = (0, 1);
        results.detections.push(found);
        let labels = Labels::new(vec!["cat".into(), "dog".into()]);
        let record = FrameRecord::new(FrameInfo::default(), &results, &labels, &StageTimes::default());
        let (again, names) = results_of(&record);
        assert_eq!(again.detections, results.detections);
        assert_eq!(again.keypoints, results.keypoints);
        // Saved once more, it says the same: the mask's pixels are those of the first one.
        let second = FrameRecord::new(FrameInfo::default(), &again, &names, &StageTimes::default());
        assert_eq!(second.detections, record.detections);
        assert_eq!(names.name(1, crate::model::labels::Language::English), "dog");
    }

    #[test]
    fn a_mask_that_does_not_fit_is_left_out() {
        for rle in [
            Rle { size: [30, 40], counts: vec![7] },
            Rle { size: [40, 30], counts: vec![1200] },
            Rle { size: [30, 40], counts: vec![u32::MAX, u32::MAX] },
        ] {
            assert_eq!(mask_of(&rle, (40, 30), [0.0, 0.0, 9.0, 9.0]), None);
        }
        let all = Rle { size: [30, 40], counts: vec![0, 1200] };
        let nowhere = [f32::NAN, 0.0, f32::INFINITY, -5.0];
        let _ = mask_of(&all, (40, 30), nowhere);
        let whole = mask_of(&all, (40, 30), [0.0, 0.0, 40.0, 30.0]).expect("it fits");
        assert!(whole.data.len() == 1200 && whole.data.iter().all(|&v| v == 255));
    }

    #[test]
    fn a_frame_of_a_video_has_its_own_record_and_no_other() {
        let frame = |time_s: f64| FrameRecord {
            time_s: Some(time_s),
            ..FrameRecord::without_model(FrameInfo::default(), (4, 4))
        };
        let recorded = Recorded::new([0.0, 0.1, 0.2, 0.8].map(frame).to_vec());
        let at = |time_s| recorded.at(Some(time_s)).and_then(|frame| frame.time_s);
        assert_eq!((at(0.0), at(0.11), at(0.19)), (Some(0.0), Some(0.1), Some(0.2)));
        assert_eq!((at(0.5), at(0.8)), (None, Some(0.8)), "no result for a while");
    }
}

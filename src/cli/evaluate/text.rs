//! An evaluation as text.

use std::fmt::Write as _;

use crate::cli::dataset::count;
use crate::cli::output::{printable, table};
use crate::dataset::Counted;
use crate::dataset::evaluate::{
    ClassificationFigures, Confusion, DetectionFigures, Evaluation, Figures, ImageMistakes, Mistake,
};

/// Larger tables of confusion are told as the most frequent confusions.
const MATRIX: usize = 12;
/// So many of them.
const CONFUSIONS: usize = 10;

/// The whole answer, with so many of the worst images.
pub(super) fn of(evaluation: &Evaluation, worst: usize) -> String {
    let which = match evaluation.counted {
        Counted::Val => " for validation",
        Counted::Test => " for the test",
        Counted::Train => " for training",
        Counted::NotTrain => " that aren\u{2019}t for training",
        Counted::All => "",
    };
    // Two models may have one name.
    let hash: String = evaluation.sha256.chars().take(8).collect();
    let mut text = format!(
        "{} ({hash}) on {}: {}{which}, {:.1} ms each\n\n",
        printable(&evaluation.model),
        printable(&evaluation.dataset),
        count(evaluation.images, "image"),
        evaluation.ms_per_image
    );
    match &evaluation.figures {
        Figures::Detection { boxes, mask } => detection(&mut text, boxes, mask.as_deref(), worst),
        Figures::Classification(figures) => classification(&mut text, figures, worst),
    }
    text.trim_end().to_owned()
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "\u{2013}".to_owned(), |value| format!("{value:.3}"))
}

fn strings<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn detection(text: &mut String, boxes: &DetectionFigures, masks: Option<&DetectionFigures>, worst: usize) {
    let mut rows = vec![strings([
        "", "mAP50-95", "mAP50", "mAP75", "small", "medium", "large", "Recall", "P", "R", "F1",
    ])];
    for (name, figures) in [("Boxes", Some(boxes)), ("Masks", masks)] {
        let Some(figures) = figures else { continue };
        let coco = &figures.coco;
        let values = [
            coco.map,
            coco.map50,
            coco.map75,
            coco.map_small,
            coco.map_medium,
            coco.map_large,
            coco.recall_100,
            figures.precision,
            figures.recall,
            figures.f1,
        ];
        rows.push(std::iter::once(name.to_owned()).chain(values.map(figure)).collect());
    }
    let right = [false, true, true, true, true, true, true, true, true, true, true];
    let _ = writeln!(text, "{}", table(&rows, &right));
    let _ = writeln!(
        text,
        "P, R and F1 (means of the classes), confusion and mistakes at a confidence of {:.3} and an IoU of {:.2}.\n",
        boxes.confidence, boxes.iou
    );
    let main = masks.unwrap_or(boxes);
    let mut rows = vec![strings(["Class", "Images", "Objects", "AP50-95", "AP50", "P", "R", "F1"])];
    for class in main.classes.iter().filter(|class| class.objects > 0) {
        let values = [class.ap, class.ap50, class.precision, class.recall, class.f1];
        let counts = [class.name.clone(), class.images.to_string(), class.objects.to_string()];
        rows.push(counts.into_iter().chain(values.map(figure)).collect());
    }
    let _ = writeln!(text, "{}\n", table(&rows, &[false, true, true, true, true, true, true, true]));
    confusion(text, &main.confusion, Some(["nothing", "missed"]));
    worst_images(text, &main.worst, worst);
}

fn confusion(text: &mut String, confusion: &Confusion, outside: Option<[&str; 2]>) {
    let name = |index: usize, at: usize| {
        confusion
            .classes
            .get(index)
            .cloned()
            .unwrap_or_else(|| outside.map_or("another", |names| names[at]).to_owned())
    };
    let used: Vec<usize> = (0..=confusion.classes.len())
        .filter(|&index| {
            let row = confusion.counts.get(index).is_some_and(|row| row.iter().any(|count| *count > 0));
            row || confusion.counts.iter().any(|row| row[index] > 0)
        })
        .collect();
    if used.is_empty() {
        return;
    }
    if used.len() <= MATRIX {
        let mut rows = vec![vec!["Is \\ found".to_owned()]];
        rows[0].extend(used.iter().map(|&column| name(column, 1)));
        for &row in used.iter().filter(|row| **row < confusion.counts.len()) {
            let counts = used.iter().map(|&column| match confusion.counts[row][column] {
                0 => "\u{b7}".to_owned(),
                count => count.to_string(),
            });
            rows.push(std::iter::once(name(row, 0)).chain(counts).collect());
        }
        let right: Vec<bool> = std::iter::once(false).chain(used.iter().map(|_| true)).collect();
        let _ = writeln!(text, "{}\n", table(&rows, &right));
        return;
    }
    let mut pairs: Vec<(u64, usize, usize)> = Vec::new();
    for (row, counts) in confusion.counts.iter().enumerate() {
        let wrong = counts.iter().enumerate().filter(|(column, count)| *column != row && **count > 0);
        pairs.extend(wrong.map(|(column, count)| (*count, row, column)));
    }
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.0));
    let mut rows = vec![strings(["Most frequent mistakes", "", ""])];
    for (count, row, column) in pairs.into_iter().take(CONFUSIONS) {
        rows.push(vec![name(row, 0), format!("\u{2192} {}", name(column, 1)), count.to_string()]);
    }
    let _ = writeln!(text, "{}\n", table(&rows, &[false, false, true]));
}

fn worst_images(text: &mut String, worst: &[ImageMistakes], most: usize) {
    if worst.is_empty() || most == 0 {
        return;
    }
    let _ = writeln!(text, "Worst of {} with mistakes:", count(worst.len(), "image"));
    for image in worst.iter().take(most) {
        let mut kinds: Vec<(String, usize)> = Vec::new();
        for mistake in &image.mistakes {
            let what = match mistake {
                Mistake::Missed { class, .. } => format!("missed {class}"),
                Mistake::False { class, .. } => format!("false {class}"),
                Mistake::Confused { class, found, .. } => format!("{class} taken for {found}"),
            };
            match kinds.iter_mut().find(|(known, _)| *known == what) {
                Some((_, count)) => *count += 1,
                None => kinds.push((what, 1)),
            }
        }
        let kinds: Vec<String> = kinds
            .into_iter()
            .map(|(what, count)| if count == 1 { what } else { format!("{what} \u{d7} {count}") })
            .collect();
        let line = format!("{}: {} right; {}", image.image, image.right, kinds.join(", "));
        let _ = writeln!(text, "  {}", printable(&line));
    }
}

fn classification(text: &mut String, figures: &ClassificationFigures, worst: usize) {
    let _ = writeln!(text, "Top-1 {}   Top-5 {}\n", figure(figures.top1), figure(figures.top5));
    let mut rows = vec![strings(["Class", "Images", "Top-1", "Top-5"])];
    for class in figures.classes.iter().filter(|class| class.images > 0) {
        rows.push(vec![class.name.clone(), class.images.to_string(), figure(class.top1), figure(class.top5)]);
    }
    let _ = writeln!(text, "{}\n", table(&rows, &[false, true, true, true]));
    confusion(text, &figures.confusion, None);
    if figures.worst.is_empty() || worst == 0 {
        return;
    }
    let _ = writeln!(text, "Wrong, the surest of {}:", count(figures.worst.len(), "image"));
    for image in figures.worst.iter().take(worst) {
        let found = match &image.found {
            Some((found, score)) => format!("taken for {found} ({score:.2})"),
            None => "taken for a class that the data set doesn\u{2019}t have".to_owned(),
        };
        let _ = writeln!(text, "  {}", printable(&format!("{}: {}, {found}", image.image, image.class)));
    }
}
